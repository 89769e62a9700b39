/** Every code this package throws, with what it means and what to do. */
export const EVENTS_ERRORS = {
  EVENT_TOO_SHORT: 'A record is shorter than the 10-byte Avro header. It was not written by Weir; see its dead letter.',
  EVENT_UNKNOWN_FRAMING: 'A record starts with neither C3 01 (single-object) nor 00 (Confluent). See its dead letter.',
  EVENT_UNKNOWN_SCHEMA: 'A record names a schema that this version does not hold. Upgrade the reader first.',
  EVENT_INVALID: 'A record does not decode by its own schema, or an event lacks a field. See its dead letter.',
  SCHEMA_REGISTRY_FAILED: 'The schema registry refused or could not be reached. Check schema_registry.url and its log.',
} as const;
