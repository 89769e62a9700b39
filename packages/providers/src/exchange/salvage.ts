import { type Draft, type ReadContext, setError } from '../families/draft.ts';
import { familyOfUsage } from '../families/family-of-usage.ts';
import { type FramedBody, parseJson } from '../framing/frame-body.ts';
import { cutLastObject, cutMember, stringAfter } from '../framing/json-scan.ts';
import { asObject } from '../normalize/json-object.ts';

const USAGE_KEYS: readonly string[] = ['usage', 'usageMetadata', 'billed_units', 'usage_info'];

/** Reads what it can from a body of which a part was not kept: usage stands near the end of most of them. */
export function salvage(draft: Draft, body: FramedBody, context: ReadContext): void {
  if (body.kind !== 'fragments' && !(body.kind === 'stream' && body.truncated)) return;
  draft.flags.push('capture_truncated');
  if (body.kind === 'fragments') {
    draft.id ||= memberText(body.head, 'id') || memberText(body.head, 'responseId');
    draft.model ||= memberText(body.head, 'model') || memberText(body.head, 'modelVersion');
    const error = asObject(parseJson(cutMember(body.head, ['error'])));
    if (error !== undefined) setError(draft, error, '', false);
  }
  const head = body.kind === 'fragments' ? body.head : '';
  // A usage read from the head of a stream is older than one that ends its tail.
  const fresh = draft.usage !== undefined && !draft.partial;
  if (!fresh && !salvageFrom(draft, body.tail, context)) salvageFrom(draft, head, context);
  draft.model ||= stringAfter(body.tail, 'model') ?? stringAfter(body.tail, 'modelVersion') ?? '';
}

function salvageFrom(draft: Draft, text: string, context: ReadContext): boolean {
  for (const key of USAGE_KEYS) {
    const raw = cutLastObject(text, key);
    const usage = raw === '' ? undefined : asObject(parseJson(raw));
    const family = usage === undefined ? '' : familyOfUsage(usage, context);
    if (usage === undefined || family === '') continue;
    draft.family = family;
    draft.usage = usage;
    draft.usageRaw = raw;
    draft.partial = false;
    return true;
  }
  return false;
}

function memberText(text: string, key: string): string {
  const value = parseJson(cutMember(text, [key]));
  return typeof value === 'string' ? value : '';
}
