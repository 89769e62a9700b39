import { errorMessage, WeirError } from '@weir/kernel';

export interface SqlException {
  readonly code: number;
  readonly status: number;
  /** As ClickHouse prints it: `Code: 62. DB::Exception: … (SYNTAX_ERROR) (version 26.7.2.1)`. */
  readonly text: string;
}

/** Names of the exceptions that this endpoint raises itself; the engine's carry theirs. */
const NAMES: Readonly<Record<number, string>> = {
  48: 'NOT_IMPLEMENTED',
  62: 'SYNTAX_ERROR',
  115: 'UNKNOWN_SETTING',
  158: 'TOO_MANY_ROWS',
  164: 'READONLY',
  202: 'TOO_MANY_SIMULTANEOUS_QUERIES',
  210: 'NETWORK_ERROR',
  394: 'QUERY_WAS_CANCELLED',
  497: 'ACCESS_DENIED',
  516: 'AUTHENTICATION_FAILED',
  1002: 'UNKNOWN_EXCEPTION',
};
const UNKNOWN = 1002;

/** HTTP status of an exception, as ClickHouse's HTTP interface maps them; 202 is 503 here, so that clients try again. */
const STATUSES: readonly (readonly [number, readonly number[]])[] = [
  [400, [6, 25, 26, 27, 36, 38, 41, 42, 43, 53, 62, 69, 72, 117, 130, 131, 167, 168, 321, 456, 457]],
  [401, [194]],
  [403, [192, 193, 497, 516]],
  [404, [46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 336]],
  [408, [159]],
  [413, [229]],
  [501, [48]],
  [503, [76, 202, 209, 210, 439]],
];
const statusOf: ReadonlyMap<number, number> = new Map(
  STATUSES.flatMap(([status, codes]) => codes.map((code) => [code, status] as const)),
);

/** An error that the endpoint raises by a ClickHouse number. */
export function sqlError(code: number, reason: string): WeirError {
  const name =
    code === 516 ? 'WAREHOUSE_AUTH' : code === 164 || code === 497 ? 'WAREHOUSE_READONLY' : 'WAREHOUSE_QUERY';
  return new WeirError(name, reason, { details: { clickhouseCode: code } });
}

export function sqlException(error: unknown, version: string): SqlException {
  const number = WeirError.is(error) ? error.details?.['clickhouseCode'] : undefined;
  const code = typeof number === 'number' && Number.isFinite(number) ? number : UNKNOWN;
  const message = errorMessage(error).trim();
  const prefixed = message.startsWith('Code: ') ? message : `Code: ${code}. DB::Exception: ${message}`;
  const named = /\([A-Z][A-Z0-9_]+\)$/.test(prefixed)
    ? prefixed
    : `${prefixed} (${NAMES[code] ?? 'UNKNOWN_EXCEPTION'})`;
  return { code, status: statusOf.get(code) ?? 500, text: `${named} (version ${version})\n` };
}
