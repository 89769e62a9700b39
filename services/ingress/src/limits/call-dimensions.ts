import type { Call } from '../ledger/call-record.ts';

/** The value of a dimension of a call, '' when it has none. */
export type DimensionsOf = (dimension: string) => string;

const TAGS = 'tags.';

/** What is known of a call before it is made; the names are those of the ledger. */
const READERS: Readonly<Record<string, (call: Call) => string>> = {
  account: ({ target }) => target.account,
  gateway: ({ target }) => target.gateway,
  provider: ({ target }) => target.provider,
  region: ({ target }) => target.region,
  env: ({ metadata }) => metadata.env,
  feature: ({ metadata }) => metadata.feature,
  user_id: ({ metadata }) => metadata.said.userId,
  session_id: ({ metadata }) => metadata.said.sessionId,
  api_key_id: ({ apiKeyId }) => apiKeyId,
  token_id: ({ tokenId }) => tokenId,
};

export const isCallDimension = (name: string): boolean =>
  Object.hasOwn(READERS, name) || (name.startsWith(TAGS) && name.length > TAGS.length);

/** Also what is left out of the row counts here: a limit is not lifted by a wish not to be logged. */
export function dimensionsOf(call: Call): DimensionsOf {
  return (name) => {
    if (name.startsWith(TAGS)) {
      const { tags } = call.metadata.said;
      const key = name.slice(TAGS.length);
      return Object.hasOwn(tags, key) ? (tags[key] ?? '') : '';
    }
    return READERS[name]?.(call) ?? '';
  };
}
