import type { BudgetDefinition } from '@weir/detectors';
import type { GatewayConfig } from './gateways/gateway-config.ts';
import type { ProviderKeyConfig, TokenConfig } from './identity/identity-config.ts';

/** An account of the path. */
export interface AccountConfig {
  /** Ids of the gateways that it may call; empty means all. */
  readonly gateways: readonly string[];
}

/** A replacement of, or an addition to, the built-in providers. */
export interface ProviderConfig {
  /** Scheme, host and fixed path prefix, e.g. `https://llm.example.com/v1`. */
  readonly baseUrl: string;
}

/** A provider of the operator's own. */
export interface CustomProviderConfig extends ProviderConfig {
  /** Sent with each of its calls, instead of the client's headers of the same name; may be secret. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What may change while the ingress runs: who is called, by whom, and how. */
export interface RoutingConfig {
  /** By id; none means that any account is taken. */
  readonly accounts: Readonly<Record<string, AccountConfig>>;
  /** Gateway ids that are accepted besides `default`, and what differs from the defaults. */
  readonly gateways: Readonly<Record<string, Partial<GatewayConfig>>>;
  /** Gateway tokens, by name. */
  readonly tokens: Readonly<Record<string, TokenConfig>>;
  /** Stored keys, by provider slug and alias. */
  readonly providerKeys: Readonly<Record<string, Readonly<Record<string, ProviderKeyConfig>>>>;
  /** Base URLs that replace the built-in ones, by slug. */
  readonly providers: Readonly<Record<string, ProviderConfig>>;
  /** Custom providers, by slug without `custom-`. */
  readonly customProviders: Readonly<Record<string, CustomProviderConfig>>;
  /** Cloudflare account id for `workers-ai`; '' takes the account of the path. */
  readonly workersAiAccountId: string;
}

/** Settings of the ingress; times in milliseconds, sizes in bytes. */
export interface IngressConfig extends RoutingConfig {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Those of weir.yaml; hard ones refuse calls. */
  readonly budgets: Readonly<Record<string, BudgetDefinition>>;
  /** What a call is taken to answer at most when it does not say, for limits in tokens and money. */
  readonly assumedOutputTokens: number;
  /** False: a call that cannot be counted is refused. */
  readonly allowUncounted: boolean;
  /** Key of the HMAC that fingerprints credentials; the same on all instances, or their fingerprints differ. */
  readonly keyPepper: string;

  /** Of each body, how much is kept from its start; larger bodies keep their end as well. */
  readonly captureHeadBytes: number;
  /** Of a body larger than the head, how much is kept from its end. */
  readonly captureTailBytes: number;
  /** Captured bytes held by one process for calls in flight; beyond it a new capture keeps a short tail only. */
  readonly captureBudgetBytes: number;
  /** Share of the log's limit from which on bodies are left out of events, 0 to 1. */
  readonly dropBodiesAtPressure: number;

  /** After the client has left: how long its answer is still read, so that the true usage is known. */
  readonly drainTimeoutMs: number;
  /** After the client has left: how much of its answer is still read. */
  readonly drainBytes: number;

  readonly connectTimeoutMs: number;
  /** From the request sent to the head of the answer. `cf-aig-request-timeout` may shorten it. */
  readonly firstByteTimeoutMs: number;
  /** Between two chunks of the answer. */
  readonly idleTimeoutMs: number;
  /** How long an idle upstream connection is kept for the next call. */
  readonly upstreamKeepAliveMs: number;
  /** Upstream hosts with open connections at one time; some providers take their host from the path. */
  readonly upstreamHostsMax: number;

  /** Larger request bodies are refused with 413. */
  readonly requestBodyBytesMax: number;
  /** A larger request body is sent as it comes, hence once: it is not kept for another attempt. */
  readonly keptBodyBytesMax: number;
  /** A provider that asks to wait longer than this before a retry is not asked again. */
  readonly retryAfterMaxMs: number;
  /** How long a call waits for an equal one that fetches what is not cached yet; then it fetches for itself. */
  readonly cacheWaitMs: number;
  /** Calls in flight in one process; more are refused with 503. */
  readonly callsInFlightMax: number;
  /** Client connections in one process; 0 means no limit. */
  readonly clientConnectionsMax: number;
  /** How long a client may take to send its request head. */
  readonly clientHeadersTimeoutMs: number;
  /** How long a client may take to send its whole request. */
  readonly clientRequestTimeoutMs: number;
  /** How long a client may leave answer bytes unread before it counts as gone. */
  readonly clientStallTimeoutMs: number;
  /** How long an idle client connection is kept. */
  readonly clientKeepAliveMs: number;

  /** How long the end of an answer waits for a full log before the client's connection is cut. */
  readonly appendWaitMs: number;
  /** On stop: how long calls in flight may go on before they are cut. */
  readonly shutdownGraceMs: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** What a setting is when the configuration says nothing. */
export const INGRESS_DEFAULTS: IngressConfig = {
  host: '127.0.0.1',
  port: 8787,
  accounts: {},
  gateways: {},
  tokens: {},
  providerKeys: {},
  providers: {},
  customProviders: {},
  workersAiAccountId: '',
  budgets: {},
  assumedOutputTokens: 16_384,
  allowUncounted: true,
  keyPepper: 'weir-key-id',
  captureHeadBytes: MIB,
  captureTailBytes: 256 * KIB,
  captureBudgetBytes: 256 * MIB,
  dropBodiesAtPressure: 0.9,
  drainTimeoutMs: 30_000,
  drainBytes: 16 * MIB,
  connectTimeoutMs: 10_000,
  firstByteTimeoutMs: 600_000,
  idleTimeoutMs: 600_000,
  upstreamKeepAliveMs: 30_000,
  upstreamHostsMax: 256,
  requestBodyBytesMax: 512 * MIB,
  keptBodyBytesMax: 32 * MIB,
  retryAfterMaxMs: 30_000,
  cacheWaitMs: 30_000,
  callsInFlightMax: 4096,
  clientConnectionsMax: 0,
  clientHeadersTimeoutMs: 15_000,
  clientRequestTimeoutMs: 600_000,
  clientStallTimeoutMs: 600_000,
  clientKeepAliveMs: 72_000,
  appendWaitMs: 10_000,
  shutdownGraceMs: 30_000,
};
