import { clickHouseError } from '../../clickhouse-errors.ts';

const TAIL_BYTES = 32 * 1024;

/**
 * Passes a result on and throws when it ends in an exception: once bytes have been sent, ClickHouse 25.11 and later can
 * only write the exception behind them, framed by `__exception__` and the tag of the response header.
 * @throws WeirError `WAREHOUSE_*`
 */
export async function* trailingException(
  stream: AsyncIterable<Uint8Array>,
  tag: string | string[] | undefined,
): AsyncGenerator<Uint8Array> {
  let tail: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    tail = Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES);
    yield chunk;
  }
  if (typeof tag !== 'string') return;
  const mark = `\r\n__exception__\r\n${tag}\r\n`;
  const text = tail.toString('latin1');
  if (!text.endsWith(`${tag}\r\n__exception__\r\n`)) return;
  const message = Buffer.from(text.slice(text.lastIndexOf(mark) + mark.length), 'latin1').toString();
  throw clickHouseError(Number(/Code: (\d+)\./.exec(message)?.[1] ?? Number.NaN), message.trim());
}
