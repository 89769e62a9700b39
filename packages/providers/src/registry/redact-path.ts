const SECRET_NAMES = new Set([
  'key',
  'api_key',
  'api-key',
  'apikey',
  'x-api-key',
  'x-goog-api-key',
  'xi-api-key',
  'access_token',
  'token',
  'auth',
  'authorization',
  'subscription-key',
  'ocp-apim-subscription-key',
  'password',
  'secret',
  'client_secret',
  'sig',
  'signature',
  'x-amz-signature',
  'x-amz-credential',
  'x-amz-security-token',
  'x-goog-signature',
  'x-goog-credential',
]);

/** Replaces the values of query parameters that carry a credential by `REDACTED`; the rest stays as sent (I8). */
export function redactPath(pathWithQuery: string): string {
  const start = pathWithQuery.indexOf('?');
  if (start < 0) return pathWithQuery;
  const redacted = pathWithQuery
    .slice(start + 1)
    .split('&')
    .map((pair) => {
      const equals = pair.indexOf('=');
      if (equals < 0 || !SECRET_NAMES.has(decodedName(pair.slice(0, equals)))) return pair;
      return `${pair.slice(0, equals)}=REDACTED`;
    });
  return `${pathWithQuery.slice(0, start)}?${redacted.join('&')}`;
}

function decodedName(name: string): string {
  if (!name.includes('%')) return name.toLowerCase();
  try {
    return decodeURIComponent(name).toLowerCase();
  } catch {
    return name.toLowerCase();
  }
}
