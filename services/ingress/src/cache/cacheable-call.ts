import { operationOf } from '@weir/providers';

/** Kinds of call of which the same request wants the same answer. */
const REPEATABLE: ReadonlySet<string> = new Set([
  'chat',
  'text_completion',
  'generate_content',
  'embeddings',
  'image',
  'audio',
  'rerank',
  'ocr',
  'moderation',
  'count_tokens',
  'guardrail',
]);
/** Paths below such a kind that change something, or tell how far it has come. */
const OF_A_JOB = /\/(?:cancel|compact|input_items)$|\/responses\/|\/predictions|\/jobs?(?:\/|$)/;

/**
 * Whether a gateway's own TTL covers a call. A call that asks for the cache itself knows what it does; a setting for all
 * calls must not make of two uploads or of two jobs one.
 */
export function isCacheableByDefault(method: string, path: string, provider: string): boolean {
  if (method !== 'POST') return false;
  const query = path.indexOf('?');
  const bare = query < 0 ? path : path.slice(0, query);
  return !OF_A_JOB.test(bare) && REPEATABLE.has(operationOf(bare, '', provider));
}

const BACKGROUND = /"background"\s*:\s*true/;

/** True for a request that starts a job and is answered before it is done. */
export const startsJob = (body: Buffer): boolean =>
  body.includes('"background"') && BACKGROUND.test(body.toString('latin1'));
