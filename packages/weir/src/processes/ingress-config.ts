import type { Config } from '@weir/config';
import type { IngressConfig, RateLimitConfig, RoutingConfig } from '@weir/ingress';
import { demoProviders } from './demo-providers.ts';

/** Settings of an ingress worker. `demoProvider` is the address that answers for every provider, in a demo. */
export function ingressConfig(config: Config, demoProvider: string | undefined): Partial<IngressConfig> {
  const { ingress } = config;
  return {
    host: ingress.host,
    port: ingress.port,
    captureHeadBytes: ingress.capture_head_bytes,
    captureTailBytes: ingress.capture_tail_bytes,
    captureBudgetBytes: ingress.capture_total_bytes,
    requestBodyBytesMax: ingress.request_body_bytes_max,
    keptBodyBytesMax: ingress.kept_body_bytes_max,
    retryAfterMaxMs: ingress.retry_after_max_ms,
    cacheWaitMs: config.cache.wait_ms,
    assumedOutputTokens: ingress.assumed_output_tokens,
    allowUncounted: config.shared_state.when_unreachable === 'allow',
    budgets: config.budgets,
    callsInFlightMax: ingress.calls_in_flight_max,
    connectTimeoutMs: ingress.connect_timeout_ms,
    firstByteTimeoutMs: ingress.first_byte_timeout_ms,
    idleTimeoutMs: ingress.idle_timeout_ms,
    drainTimeoutMs: ingress.drain_timeout_ms,
    drainBytes: ingress.drain_bytes,
    shutdownGraceMs: ingress.shutdown_grace_ms,
    ...(ingress.key_pepper === '' ? {} : { keyPepper: ingress.key_pepper }),
    ...routingConfig(config, demoProvider),
  };
}

/** The part of it that a reload changes. */
export function routingConfig(config: Config, demoProvider: string | undefined): Partial<RoutingConfig> {
  return {
    accounts: config.accounts,
    gateways: mapValues(config.gateways, (gateway) => ({
      authentication: gateway.authentication,
      collectLogs: gateway.collect_logs,
      collectPayloads: gateway.collect_payloads,
      cacheTtlSeconds: gateway.cache_ttl,
      cacheEntryBytesMax: gateway.cache_entry_bytes_max,
      requestTimeoutMs: gateway.request_timeout,
      retryMaxAttempts: gateway.retry_max_attempts,
      retryDelayMs: gateway.retry_delay,
      retryBackoff: gateway.retry_backoff,
      includeUsage: gateway.include_usage,
      rateLimits: rateLimits(gateway.rate_limits),
      cloudflareErrors: gateway.cloudflare_errors,
    })),
    tokens: mapValues(config.tokens, ({ key_aliases, rate_limits, ...token }) => ({
      ...token,
      keyAliases: key_aliases,
      rateLimits: rateLimits(rate_limits),
    })),
    providerKeys: mapValues(config.provider_keys, (aliases) =>
      mapValues(aliases, (key) => ({
        key: key.key,
        header: key.header,
        accessKeyId: key.access_key_id,
        secretAccessKey: key.secret_access_key,
        sessionToken: key.session_token,
        serviceAccount: key.service_account,
        gateways: key.gateways,
        withoutToken: key.without_token,
      })),
    ),
    providers: {
      ...mapValues(config.providers, ({ base_url }) => ({ baseUrl: base_url })),
      ...(demoProvider === undefined ? {} : demoProviders(demoProvider)),
    },
    customProviders: mapValues(config.custom_providers, ({ base_url, headers }) => ({ baseUrl: base_url, headers })),
  };
}

function rateLimits(limits: Config['gateways'][string]['rate_limits']): Record<string, RateLimitConfig> {
  return mapValues(limits, ({ limit_requests, limit_tokens, limit_usd, window, technique, per }) => ({
    requests: limit_requests,
    tokens: limit_tokens,
    usd: limit_usd,
    windowSeconds: window,
    technique,
    per,
  }));
}

function mapValues<Value, Result>(
  record: Readonly<Record<string, Value>>,
  change: (value: Value) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
