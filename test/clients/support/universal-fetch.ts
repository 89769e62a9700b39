/** A provider that is asked first and fails. */
const BROKEN = { provider: 'grok', endpoint: 'v1/chat/completions', fault: 'status=503' } as const;

/**
 * Carries what a client would send to `{ingressUrl}/{provider}/…` through the universal endpoint, behind a step of another
 * provider that fails: what the client then reads is the answer of step 1.
 */
export function universalFetch(ingressUrl: string, provider: string): typeof fetch {
  return async (input, init) => {
    const request = new Request(input instanceof Request ? input : String(input), init);
    const prefix = `${ingressUrl}/${provider}/`;
    if (!request.url.startsWith(prefix)) throw new Error(`${request.url} is not below ${prefix}`);
    const headers = Object.fromEntries(request.headers);
    const query: unknown = JSON.parse(await request.text());
    const { 'x-request-id': id = '', 'cf-aig-metadata': metadata = '' } = headers;
    const first = { 'x-request-id': id, 'cf-aig-metadata': metadata, 'x-replay-fault': BROKEN.fault };
    return await fetch(`${ingressUrl}/v1/acme/default`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([
        {
          provider: BROKEN.provider,
          endpoint: BROKEN.endpoint,
          headers: first,
          query: { model: 'grok-4', messages: [] },
        },
        { provider, endpoint: request.url.slice(prefix.length), headers, query },
      ]),
      signal: request.signal,
    });
  };
}
