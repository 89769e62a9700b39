import type { UsageClaim } from '../exchange.ts';
import { cutMember } from '../framing/json-scan.ts';
import type { MutableUnits } from '../normalize/counts.ts';
import { asObject, type JsonObject, jsonText } from '../normalize/json-object.ts';

export const PREVIEW_CHARACTERS = 200;

/** What a family reader has found so far. Text that is unknown is ''. */
export interface Draft {
  family: string;
  usage: JsonObject | undefined;
  usageRaw: string;
  /** The usage is not the final one, since the stream broke off before it came. */
  partial: boolean;
  model: string;
  id: string;
  serviceTier: string;
  region: string;
  preview: string;
  finishReasons: string[];
  flags: string[];
  /** Billables found outside the usage object. */
  units: MutableUnits;
  /** Raw usage objects of a response that bills several models. */
  parts: DraftPart[];
  /** Set where the work went on without its caller, so that any of several answers can be the first with its usage. */
  claim: UsageClaim | undefined;
  /** Error value of the body, of any shape; undefined when there is none. */
  error: unknown;
  /** SSE or AWS name of the event that carried `error`. */
  errorName: string;
  errorInStream: boolean;
}

interface DraftPart {
  readonly family: string;
  readonly model: string;
  readonly usage: JsonObject;
  readonly claim?: UsageClaim;
}

export function newDraft(): Draft {
  return {
    family: '',
    usage: undefined,
    usageRaw: '',
    partial: false,
    model: '',
    id: '',
    serviceTier: '',
    region: '',
    preview: '',
    finishReasons: [],
    flags: [],
    units: {},
    parts: [],
    claim: undefined,
    error: undefined,
    errorName: '',
    errorInStream: false,
  };
}

/** What a reader may know beside the body. */
export interface ReadContext {
  /** Canonical slug of the provider, or `custom-…`. */
  readonly provider: string;
  /** Upstream path without its query. */
  readonly path: string;
}

/** Takes over a usage object found at `path` of `text`; false when there is none. */
export function takeUsage(
  draft: Draft,
  family: string,
  value: unknown,
  text: string,
  path: readonly string[],
): boolean {
  const usage = asObject(value);
  if (usage === undefined) return false;
  draft.family = family;
  draft.usage = usage;
  draft.usageRaw = verbatim(usage, text, path);
  return true;
}

/**
 * The text of a member as it stands. Most providers write JSON as `JSON.stringify` does: then the text is known, and to
 * look for it costs a tenth of reading up to it.
 */
function verbatim(usage: JsonObject, text: string, path: readonly string[]): string {
  const written = jsonText(usage);
  if (written !== '' && text.lastIndexOf(`"${path.at(-1)}":${written}`) >= 0) return written;
  return cutMember(text, path) || written;
}

export function addFinish(draft: Draft, reason: unknown): void {
  if (typeof reason === 'string' && reason !== '' && !draft.finishReasons.includes(reason)) {
    draft.finishReasons.push(reason);
  }
}

export function addPreview(draft: Draft, text: unknown): void {
  if (typeof text === 'string' && draft.preview.length < PREVIEW_CHARACTERS) {
    draft.preview = (draft.preview + text.slice(0, PREVIEW_CHARACTERS)).slice(0, PREVIEW_CHARACTERS);
  }
}

/** The claim of an answer with an id; `made` is seconds since the epoch or an ISO time, of which providers use both. */
export function usageClaim(id: string, made: unknown): UsageClaim | undefined {
  if (id === '') return undefined;
  const ms = typeof made === 'number' ? made * 1_000 : typeof made === 'string' ? Date.parse(made) : Number.NaN;
  return { id, madeAtMs: Number.isSafeInteger(ms) && ms > 0 ? ms : null };
}

/** Keeps the first error; null, false and empty values, which some providers send on success, are none. */
export function setError(draft: Draft, error: unknown, name: string, inStream: boolean): void {
  if (draft.error !== undefined || !isError(error)) return;
  draft.error = error;
  draft.errorName = name;
  draft.errorInStream = inStream;
}

function isError(error: unknown): boolean {
  if (typeof error === 'string') return error !== '';
  return typeof error === 'object' && error !== null && Object.keys(error).length > 0;
}
