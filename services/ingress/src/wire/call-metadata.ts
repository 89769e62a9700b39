import type { IncomingHttpHeaders } from 'node:http';
import { remembered } from '@weir/kernel';

/** What the client says about its call: dimensions of the ledger, and what may be kept of it. */
export interface CallMetadata {
  readonly env: string;
  readonly feature: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly traceId: string;
  /** The caller's span in that trace; '' when it named none. */
  readonly parentSpanId: string;
  /** '' when the client gave none. */
  readonly eventId: string;
  readonly tags: Readonly<Record<string, string>>;
  /** What limits count by: as above, but never left out; not for the row. */
  readonly said: SaidMetadata;
  /** `cf-aig-custom-cost` as sent; '' when none, or too long to be one. */
  readonly customCost: string;
  /** Why entries of `cf-aig-metadata` were left out, printable ASCII; '' when none were. */
  readonly warning: string;
  /** False: nothing personal is kept (`cf-aig-collect-log: false`, or the gateway's `collectLogs`). */
  readonly collectLog: boolean;
  /** False: no body is kept (`cf-aig-collect-log-payload: false`, or `collectLog` false). */
  readonly collectPayload: boolean;
}

export interface SaidMetadata {
  readonly userId: string;
  readonly sessionId: string;
  readonly tags: Readonly<Record<string, string>>;
}

const ENTRIES_MAX = 32;
const METADATA_BYTES_MAX = 4096;
const METADATA_REMEMBERED = 1_024;
const ID_LENGTH_MAX = 256;
const CUSTOM_COST_LENGTH_MAX = 512;
const WARNING_LENGTH_MAX = 512;
const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}/;
const BEYOND_ASCII = /[\x80-\xff]/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);
const UNTRACED = { traceId: '', parentSpanId: '' } as const;
const NO_TAGS: Readonly<Record<string, string>> = {};

type Promoted = 'env' | 'feature' | 'userId' | 'sessionId';

/** Metadata keys that are columns of their own. */
const PROMOTED: ReadonlyMap<string, Promoted> = new Map([
  ['env', 'env'],
  ['environment', 'env'],
  ['feature', 'feature'],
  ['user', 'userId'],
  ['user_id', 'userId'],
  ['session', 'sessionId'],
  ['session_id', 'sessionId'],
]);

interface ParsedMetadata {
  readonly promoted: Partial<Record<Promoted, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly warning: string;
}
const NO_METADATA: ParsedMetadata = { promoted: {}, tags: NO_TAGS, warning: '' };

/**
 * Reads the `cf-aig-*` headers that describe a call (reference: cloudflare-ai-gateway.md §2.1, §6.2, §6.5). Unlike
 * Cloudflare, one bad metadata entry costs that entry only, and the answer says so. `collectLogs` is the gateway's word,
 * which the header overrides.
 */
export function readCallMetadata(headers: IncomingHttpHeaders, collectLogs = true): CallMetadata {
  const asked = one(headers['cf-aig-collect-log']);
  const collectLog = collectLogs ? asked !== 'false' : asked === 'true';
  const header = one(headers['cf-aig-metadata']);
  const { promoted, tags, warning } = header === '' ? NO_METADATA : metadataOf(header);
  const userId = promoted.userId ?? '';
  const sessionId = promoted.sessionId ?? one(headers['cf-aig-session-id']).slice(0, ID_LENGTH_MAX);
  return {
    env: promoted.env ?? '',
    feature: promoted.feature ?? '',
    userId: collectLog ? userId : '',
    sessionId: collectLog ? sessionId : '',
    said: { userId, sessionId, tags },
    ...traceContext(headers),
    eventId: one(headers['cf-aig-event-id']).slice(0, ID_LENGTH_MAX),
    tags: collectLog ? tags : NO_TAGS,
    customCost: customCost(headers),
    warning,
    collectLog,
    collectPayload: collectLog && one(headers['cf-aig-collect-log-payload']) !== 'false',
  };
}

/** With the owner's entries, of the caller's token, instead of the client's of the same name. */
export function withOwnerMetadata(metadata: CallMetadata, owner: Readonly<Record<string, string>>): CallMetadata {
  if (isEmpty(owner)) return metadata;
  const changed: { -readonly [Key in Promoted]?: string } = {};
  const said: { userId?: string; sessionId?: string } = {};
  const tags: Record<string, string> = {};
  for (const key in owner) {
    const value = owner[key] ?? '';
    const column = PROMOTED.get(key);
    if (column === undefined) tags[key] = value;
    else if (column === 'userId' || column === 'sessionId') said[column] = value;
    if (column !== undefined && (metadata.collectLog || column === 'env' || column === 'feature'))
      changed[column] = value;
  }
  return {
    ...metadata,
    ...changed,
    tags: metadata.collectLog ? { ...metadata.tags, ...tags } : metadata.tags,
    said: { ...metadata.said, ...said, tags: { ...metadata.said.tags, ...tags } },
  };
}

function isEmpty(record: object): boolean {
  for (const _ in record) return false;
  return true;
}

/** Callers say the same again and again: the last few are kept as they were read. */
const metadataOf = remembered(METADATA_REMEMBERED, parseMetadata);

function customCost(headers: IncomingHttpHeaders): string {
  const header = one(headers['cf-aig-custom-cost']);
  return header.length <= CUSTOM_COST_LENGTH_MAX ? header : '';
}

function parseMetadata(header: string): ParsedMetadata {
  if (header.length > METADATA_BYTES_MAX) return ignored(`larger than ${METADATA_BYTES_MAX} bytes`);
  let value: unknown;
  try {
    // Node reads header bytes as latin1; clients send UTF-8.
    value = JSON.parse(BEYOND_ASCII.test(header) ? Buffer.from(header, 'latin1').toString('utf8') : header);
  } catch {
    return ignored('not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return ignored('not a JSON object');
  return readEntries(Object.entries(value));
}

function readEntries(entries: readonly (readonly [string, unknown])[]): ParsedMetadata {
  const promoted: Partial<Record<Promoted, string>> = {};
  const tags: Record<string, string> = {};
  const warnings: string[] = [];
  let taken = 0;
  for (const [key, value] of entries) {
    const reason = refusalOf(key, value, taken);
    if (reason !== '') {
      warnings.push(`${printable(key)}: ${reason}`);
      continue;
    }
    taken += 1;
    const column = PROMOTED.get(key);
    // As the log will have it, which is UTF-8; a key that is made of half a pair could not be encoded.
    const text = String(value).toWellFormed();
    if (column === undefined) tags[key.toWellFormed()] = text;
    else promoted[column] ??= text;
  }
  return { promoted, tags, warning: warnings.join('; ').slice(0, WARNING_LENGTH_MAX) };
}

function refusalOf(key: string, value: unknown, taken: number): string {
  if (key === '' || key === '__proto__') return 'not a usable key';
  if (key.startsWith('cf.')) return 'keys starting with cf. are reserved';
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    return 'not a string, number or boolean';
  }
  return taken >= ENTRIES_MAX ? `more than ${ENTRIES_MAX} entries` : '';
}

/** Weir's own headers win over `traceparent`, whose span is only a parent in its own trace. */
function traceContext(headers: IncomingHttpHeaders): Pick<CallMetadata, 'traceId' | 'parentSpanId'> {
  const own = one(headers['cf-aig-otel-trace-id']).toLowerCase();
  const span = one(headers['cf-aig-otel-parent-span-id']).toLowerCase();
  const parent = one(headers['traceparent']).toLowerCase();
  if (own === '' && span === '' && parent === '') return UNTRACED;
  const [, theirs = '', theirSpan = ''] = TRACEPARENT.exec(parent) ?? [];
  const traceId = TRACE_ID.test(own) && own !== NO_TRACE ? own : theirs;
  if (traceId === '' || traceId === NO_TRACE) return UNTRACED;
  const parentSpanId = SPAN_ID.test(span) ? span : traceId === theirs ? theirSpan : '';
  return { traceId, parentSpanId: parentSpanId === NO_SPAN ? '' : parentSpanId };
}

const ignored = (reason: string): ParsedMetadata => ({ ...NO_METADATA, warning: `cf-aig-metadata ignored: ${reason}` });
const printable = (key: string): string => key.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 64);
const one = (value: string | string[] | undefined): string => (Array.isArray(value) ? (value[0] ?? '') : (value ?? ''));
