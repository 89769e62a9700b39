import { Agent } from 'undici';
import type { IngressConfig } from '../config.ts';

const HEADER_BYTES_MAX = 64 * 1024;
const KEEP_ALIVE_MAX_MS = 600_000;

/**
 * The connections to all providers: one pool per origin, one call per connection at a time, HTTP/1.1, TCP_NODELAY (undici
 * sets it). Pools are not limited in connections because calls in flight are; origins are, since some come from the path.
 */
export function createUpstreamAgent(config: IngressConfig): Agent {
  return new Agent({
    allowH2: false,
    pipelining: 1,
    maxHeaderSize: HEADER_BYTES_MAX,
    maxOrigins: config.upstreamHostsMax,
    connect: { timeout: config.connectTimeoutMs },
    headersTimeout: config.firstByteTimeoutMs,
    bodyTimeout: config.idleTimeoutMs,
    keepAliveTimeout: config.upstreamKeepAliveMs,
    keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
  });
}
