import type { RoutingConfig } from '../config.ts';
import type { Identity } from '../identity/admit.ts';
import {
  createTargetResolver,
  type ResolveTarget,
  resolveUniversal,
  type UniversalTarget,
} from '../wire/call-target.ts';
import type { Refusal } from '../wire/refusal.ts';
import { compileRouting } from './routing.ts';

/** One version of the routing: what a call begins with it keeps. */
export interface RoutingVersion {
  readonly identity: Identity;
  readonly resolveTarget: ResolveTarget;
  /** Undefined when the path is not that of a universal call. */
  resolveUniversal(url: string): UniversalTarget | { readonly refusal: Refusal } | undefined;
}

/** The routing in force. A reload swaps all of it at once; calls in flight keep what they began with. */
export class LiveRouting {
  #current: RoutingVersion;

  constructor(config: RoutingConfig) {
    this.#current = versionOf(config);
  }

  get current(): RoutingVersion {
    return this.#current;
  }

  /** @throws WeirError `INGRESS_CONFIG_INVALID`; then the old one stays. */
  reload(config: RoutingConfig): void {
    this.#current = versionOf(config);
  }
}

function versionOf(config: RoutingConfig): RoutingVersion {
  const table = compileRouting(config);
  const { identity } = table;
  return {
    identity,
    resolveTarget: createTargetResolver(table),
    resolveUniversal: (url) => resolveUniversal(url, table),
  };
}
