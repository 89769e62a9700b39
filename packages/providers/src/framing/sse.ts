import { type PieceEnds, type StreamEvent, WHOLE } from './stream-event.ts';

const BOM = 0xfeff;

/**
 * Splits text/event-stream into events: LF, CRLF and CR, comments, `data:` with or without a space, several data lines
 * joined by a newline, the last event without its blank line, and a bare JSON object between events, which some
 * providers send as an error. Never throws. Rules: reference providers.md §3.
 */
export function parseSse(source: string, ends: PieceEnds = WHOLE): StreamEvent[] {
  const normalised = source.includes('\r') ? source.replace(/\r\n?/g, '\n') : source;
  const text = normalised.charCodeAt(0) === BOM ? normalised.slice(1) : normalised;
  const events: StreamEvent[] = [];
  let position = 0;
  if (ends.cutStart) {
    const boundary = text.indexOf('\n\n');
    if (boundary < 0) return events;
    position = boundary + 2;
  }
  let name = '';
  let data = '';
  let hasData = false;
  let bare = false;
  const flush = (): void => {
    if (hasData) events.push({ name, data });
    name = '';
    data = '';
    hasData = false;
    bare = false;
  };
  while (position < text.length) {
    const newline = text.indexOf('\n', position);
    const end = newline < 0 ? text.length : newline;
    if (end === position) flush();
    else if (bare) data += `\n${text.slice(position, end)}`;
    else if (text.startsWith('data', position) && (end === position + 4 || text[position + 4] === ':')) {
      const value = fieldValue(text, position + 5, end);
      data = hasData ? `${data}\n${value}` : value;
      hasData = true;
    } else if (text.startsWith('event:', position)) name = fieldValue(text, position + 6, end);
    else if (!hasData && text[position] === '{') {
      data = text.slice(position, end);
      hasData = true;
      bare = true;
    }
    position = end + 1;
  }
  if (!ends.cutEnd) flush();
  return events;
}

function fieldValue(text: string, start: number, end: number): string {
  return text.slice(text[start] === ' ' && start < end ? start + 1 : start, end);
}
