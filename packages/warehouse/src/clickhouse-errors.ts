import { WeirError } from '@weir/kernel';
import type { WarehouseErrorCode } from './errors.ts';

interface Classified {
  readonly code: WarehouseErrorCode;
  readonly retriable: boolean;
}

const classes: readonly (readonly [WarehouseErrorCode, boolean, readonly number[]])[] = [
  // SOCKET_TIMEOUT, NETWORK_ERROR, TABLE_IS_READ_ONLY, ALL_CONNECTION_TRIES_FAILED, SYSTEM_ERROR, ABORTED,
  // UNKNOWN_STATUS_OF_INSERT, SHUTDOWN_CALLED, KEEPER_EXCEPTION, NETWORK of Poco
  ['WAREHOUSE_UNAVAILABLE', true, [209, 210, 242, 279, 425, 236, 319, 667, 999, 1000]],
  // TIMEOUT_EXCEEDED, TOO_SLOW, LOCK timeout (DEADLOCK_AVOIDED)
  ['WAREHOUSE_TIMEOUT', true, [159, 160, 473]],
  // TOO_MANY_SIMULTANEOUS_QUERIES, MEMORY_LIMIT_EXCEEDED, TOO_MANY_PARTS, CANNOT_SCHEDULE_TASK, TOO_MANY_MUTATIONS,
  // CANNOT_ALLOCATE_MEMORY, SERVER_OVERLOADED
  ['WAREHOUSE_OVERLOADED', true, [202, 241, 252, 439, 692, 173, 745]],
  // NOT_ENOUGH_SPACE, CANNOT_WRITE_TO_FILE_DESCRIPTOR
  ['WAREHOUSE_DISK_FULL', true, [243, 75]],
  // READONLY, ACCESS_DENIED
  ['WAREHOUSE_READONLY', false, [164, 497]],
  // UNKNOWN_USER, WRONG_PASSWORD, REQUIRED_PASSWORD, AUTHENTICATION_FAILED
  ['WAREHOUSE_AUTH', false, [192, 193, 194, 516]],
  // QUERY_WAS_CANCELLED, QUERY_WAS_CANCELLED_BY_CLIENT
  ['WAREHOUSE_CANCELLED', false, [394, 734]],
  // TOO_MANY_ROWS, TOO_MANY_BYTES, TOO_MANY_ROWS_OR_BYTES
  ['WAREHOUSE_RESULT_TOO_LARGE', false, [158, 307, 396]],
  // CANNOT_PARSE_*, INCORRECT_DATA, UNKNOWN_ELEMENT_OF_ENUM, ARGUMENT_OUT_OF_BOUND, DECIMAL_OVERFLOW,
  // CANNOT_READ_ALL_DATA, NO_SUCH_COLUMN_IN_TABLE, TOO_LARGE_STRING_SIZE, THERE_IS_NO_COLUMN, TYPE_MISMATCH, …
  ['WAREHOUSE_DATA', false, [6, 8, 16, 26, 27, 33, 38, 41, 53, 69, 72, 117, 131, 321, 349, 407, 467, 490, 636, 691]],
  // SYNTAX_ERROR, UNKNOWN_*, ILLEGAL_TYPE_OF_ARGUMENT, BAD_ARGUMENTS, NUMBER_OF_ARGUMENTS, UNKNOWN_SETTING,
  // BAD_QUERY_PARAMETER, UNKNOWN_QUERY_PARAMETER, UNKNOWN_FORMAT, NOT_IMPLEMENTED, …
  [
    'WAREHOUSE_QUERY',
    false,
    [10, 35, 36, 42, 43, 44, 46, 47, 48, 57, 60, 62, 63, 73, 81, 82, 115, 179, 184, 215, 386, 456, 457],
  ],
];

const byCode: ReadonlyMap<number, Classified> = new Map(
  classes.flatMap(([code, retriable, numbers]) => numbers.map((number) => [number, { code, retriable }] as const)),
);

/** A WeirError for a ClickHouse exception, by its number; the number stays in `details.clickhouseCode`. */
export function clickHouseError(clickhouseCode: number | undefined, message: string, cause?: unknown): WeirError {
  const { code, retriable } = byCode.get(clickhouseCode ?? -1) ?? { code: 'WAREHOUSE_ENGINE', retriable: false };
  return new WeirError(code, message, { retriable, cause, details: { clickhouseCode } });
}
