import { asObject, type JsonObject } from '../normalize/json-object.ts';
import { parseJson } from './frame-body.ts';
import type { StreamEvent } from './stream-event.ts';

let latest: StreamEvent | undefined;
let value: JsonObject | undefined;

/** The JSON object of an event; undefined when it is none. Who looks at the event that was looked at last parses nothing. */
export function eventJson(event: StreamEvent): JsonObject | undefined {
  if (event !== latest) {
    value = asObject(parseJson(event.data));
    latest = event;
  }
  return value;
}
