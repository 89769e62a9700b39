/** Request headers that end at Weir: hop-by-hop (RFC 9110 §7.6.1), the client's address, what the connection decides. */
const DROPPED: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'host',
  'expect',
  'forwarded',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'fastly-client-ip',
  'cdn-loop',
  'x-fal-target-url',
]);

/** `cf-aig-*`, `cf-access-*` and the rest of Cloudflare's edge; proxy credentials; proxies' notes on the client. */
const DROPPED_PREFIXES = ['cf-', 'proxy-', 'x-forwarded-'] as const;

const ACCESS_COOKIE = /(?:^|;)\s*CF_Authorization=[^;]*/gi;

/**
 * The headers to send upstream, as a flat list in the client's order and spelling (reference: §2, §14.2).
 * `content-length` is kept only for a body that is streamed: undici sets it for a body it holds whole. `own` headers, of
 * the provider's configuration and of a stored key, come last and replace the client's; '' only takes the client's off.
 */
export function upstreamRequestHeaders(
  raw: readonly string[],
  connection: string | undefined,
  keepContentLength: boolean,
  own: Readonly<Record<string, string>> | undefined,
): string[] {
  const named = namedInConnection(connection);
  const headers: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    const lower = name.toLowerCase();
    if (DROPPED.has(lower) || hasDroppedPrefix(lower) || named?.has(lower) === true) continue;
    if (lower === 'content-length' && !keepContentLength) continue;
    if (own !== undefined && Object.hasOwn(own, lower)) continue;
    if (lower === 'cookie') {
      const cookie = value.replace(ACCESS_COOKIE, '').replace(/^;\s*/, '');
      if (cookie !== '') headers.push(name, cookie);
      continue;
    }
    headers.push(name, value);
  }
  for (const name in own) {
    const value = own[name] ?? '';
    if (value !== '') headers.push(name, value);
  }
  return headers;
}

function hasDroppedPrefix(lower: string): boolean {
  for (const prefix of DROPPED_PREFIXES) {
    if (lower.startsWith(prefix)) return true;
  }
  return false;
}

/** Header names that `Connection` makes hop-by-hop; undefined for the usual `keep-alive` and `close`. */
function namedInConnection(connection: string | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined;
  return new Set(connection.split(',').map((token) => token.trim().toLowerCase()));
}
