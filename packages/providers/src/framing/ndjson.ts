import { type PieceEnds, type StreamEvent, WHOLE } from './stream-event.ts';

/** Splits newline-delimited JSON into one event a line; blank lines are left out. Never throws. */
export function parseNdjson(text: string, ends: PieceEnds = WHOLE): StreamEvent[] {
  const lines = text.split('\n');
  if (ends.cutStart) lines.shift();
  if (ends.cutEnd) lines.pop();
  const events: StreamEvent[] = [];
  for (const line of lines) {
    const data = line.trim();
    if (data !== '') events.push({ name: '', data });
  }
  return events;
}
