import type { Call } from '../ledger/call-record.ts';
import { type CallDimension, type DimensionsOf, tagOf } from './dimension-names.ts';

const READERS: Readonly<Record<CallDimension, (call: Call) => string>> = {
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

/** Also what is left out of the row counts here: a limit is not lifted by a wish not to be logged. */
export function dimensionsOf(call: Call): DimensionsOf {
  return (name) => {
    const tag = tagOf(name);
    if (tag === '') return Object.hasOwn(READERS, name) ? READERS[name as CallDimension](call) : '';
    const { tags } = call.metadata.said;
    return Object.hasOwn(tags, tag) ? (tags[tag] ?? '') : '';
  };
}
