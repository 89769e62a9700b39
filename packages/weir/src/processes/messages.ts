import type { Config } from '@weir/config';

/** Messages between the supervisor and its processes. */
export type ToChild =
  | { readonly kind: 'stop' }
  | { readonly kind: 'snapshot-request'; readonly id: number }
  | MetricsText
  | NewConfig;

/** The configuration in force: the answer to `config-request`, and what the ingress is told on a reload. */
export interface NewConfig {
  readonly kind: 'config';
  readonly config: Config;
}

export type FromChild =
  | { readonly kind: 'config-request' }
  | { readonly kind: 'ready'; readonly urls: Readonly<Record<string, string>> }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly fix: string | undefined }
  | { readonly kind: 'snapshot'; readonly id: number; readonly snapshot: object }
  | { readonly kind: 'metrics-request'; readonly id: number };

/** Prometheus text of all processes together, for the one that was asked over HTTP. */
export interface MetricsText {
  readonly kind: 'metrics-text';
  readonly id: number;
  readonly text: string;
}

export function isFromChild(value: unknown): value is FromChild {
  return typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string';
}

export const isToChild = (value: unknown): value is ToChild => isFromChild(value);
