import { WeirError } from '@weir/kernel';
import type { QueryResult } from '../warehouse.ts';

interface ResultFacts {
  readonly format: string;
  readonly bytes: Uint8Array;
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly elapsedMs: number;
}

/** Adds the text and row views to the bytes of a result. */
export function queryResult(facts: ResultFacts): QueryResult {
  const text = (): string => Buffer.from(facts.bytes.buffer, facts.bytes.byteOffset, facts.bytes.byteLength).toString();
  return {
    ...facts,
    text,
    rows<Row>(): Row[] {
      if (facts.format !== 'JSONEachRow') {
        throw new WeirError('WAREHOUSE_FORMAT', `rows() of a ${facts.format} result`, {
          fix: 'Leave out `format`, or use text() or bytes.',
        });
      }
      const lines = text().trimEnd();
      return lines === '' ? [] : lines.split('\n').map((line) => JSON.parse(line) as Row);
    },
  };
}
