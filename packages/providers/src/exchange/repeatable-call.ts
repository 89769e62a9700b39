import { remembered } from '@weir/kernel';
import { type Operation, operationOf, PATHS_REMEMBERED } from './operation.ts';

/** Kinds of call of which the same request wants the same answer. */
const REPEATABLE: ReadonlySet<Operation> = new Set<Operation>([
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

const isOfAJob = remembered<boolean>(PATHS_REMEMBERED, (path) => OF_A_JOB.test(path));

/** Whether the answer to a call may stand for the answer to an equal one, as far as its endpoint tells. */
export function isRepeatableCall(method: string, path: string, provider: string): boolean {
  if (method !== 'POST') return false;
  const query = path.indexOf('?');
  const bare = query < 0 ? path : path.slice(0, query);
  return !isOfAJob(bare) && REPEATABLE.has(operationOf(bare, '', provider));
}
