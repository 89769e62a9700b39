import { errorMessage, WeirError } from '@weir/kernel';
import { clickHouseError } from '../../clickhouse-errors.ts';

/** The engine prefixes every exception with its number, and streams report it nowhere else. */
const NUMBER = /^(?:.*?)Code: (\d+)\. DB::Exception/s;

/** A WeirError for anything the embedded engine throws. */
export function chdbError(error: unknown): WeirError {
  if (WeirError.is(error)) return error;
  const message = errorMessage(error);
  const code = NUMBER.exec(message)?.[1];
  return clickHouseError(code === undefined ? undefined : Number(code), message, error);
}
