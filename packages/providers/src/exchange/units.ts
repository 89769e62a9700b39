import type { Draft } from '../families/draft.ts';
import type { FramedBody } from '../framing/frame-body.ts';
import { arrayAt, asObject, objectAt, textAt } from '../normalize/json-object.ts';
import type { Operation } from './operation.ts';
import type { RequestFacts } from './request-facts.ts';

/** Adds billables that stand in no usage object: images made, characters spoken (reference: providers.md §5). */
export function addUnits(draft: Draft, operation: Operation, request: RequestFacts, body: FramedBody): void {
  const { json } = request;
  if (operation === 'image') {
    const document = body.kind === 'document' ? asObject(body.value) : undefined;
    const made = arrayAt(document, 'data').length || arrayAt(document, 'images').length;
    if (made > 0) draft.units.images = made;
    for (const key of ['size', 'quality']) {
      const value = textAt(json, key);
      if (value !== '') draft.flags.push(`image_${key}:${value.slice(0, 40)}`);
    }
  }
  if (operation !== 'audio') return;
  const heard = body.kind === 'document' ? asObject(body.value) : undefined;
  const seconds = heard?.['duration'] ?? objectAt(heard, 'metadata')?.['duration'];
  if (draft.usage === undefined && typeof seconds === 'number' && seconds > 0) draft.units.inputAudioSeconds = seconds;
  if (json === undefined) return;
  const spoken = textAt(json, 'input') || textAt(json, 'text') || textAt(json, 'transcript');
  if (spoken === '') return;
  // Characters are code points, not UTF-16 units.
  draft.units.inputCharacters = Array.from(spoken).length;
  draft.flags.push('units_from_request');
}
