import { skipSpace, skipValue } from './json-scan.ts';
import { type PieceEnds, type StreamEvent, WHOLE } from './stream-event.ts';

/**
 * Splits one JSON array (Gemini without `alt=sse`) into one event an element. A cut piece is taken up again at the next
 * element that starts a line, since nested ones are indented; an element that does not end is left out. Never throws.
 */
export function parseJsonArray(text: string, ends: PieceEnds = WHOLE): StreamEvent[] {
  const events: StreamEvent[] = [];
  let position = skipSpace(text, 0);
  if (ends.cutStart) {
    const element = /\n,?\r?\n?\{/.exec(text);
    if (element === null) return events;
    position = element.index + element[0].length - 1;
  } else if (text[position] === '[') position += 1;
  while (position < text.length) {
    position = skipSpace(text, position);
    if (text[position] === ',') position = skipSpace(text, position + 1);
    if (text[position] !== '{') break;
    const end = skipValue(text, position);
    if (end < 0) break;
    events.push({ name: '', data: text.slice(position, end) });
    position = end;
  }
  return events;
}
