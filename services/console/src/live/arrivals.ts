import type { RequestRow } from '../api/answers.ts';

/** Tells new rows from rows seen in an earlier, overlapping poll; keeps the newest for viewers that come back. */
export interface Arrivals {
  /** The rows not seen before, in the order given. */
  admit(rows: readonly RequestRow[]): readonly RequestRow[];
  /** Rows admitted after the one with this id; undefined when that row is no longer known. */
  after(requestId: string): readonly RequestRow[] | undefined;
}

/** `replayed` rows are kept whole, `remembered` ids are kept to recognise a row. */
export function createArrivals(limits: { readonly replayed: number; readonly remembered: number }): Arrivals {
  const seen = new Set<string>();
  let newest: RequestRow[] = [];
  return {
    admit(rows) {
      const fresh = rows.filter((row) => !seen.has(row.request_id));
      for (const row of fresh) {
        seen.add(row.request_id);
        const [oldest] = seen;
        if (seen.size > limits.remembered && oldest !== undefined) seen.delete(oldest);
      }
      newest = [...newest, ...fresh].slice(-limits.replayed);
      return fresh;
    },
    after(requestId) {
      const place = newest.findIndex((row) => row.request_id === requestId);
      return place === -1 ? undefined : newest.slice(place + 1);
    },
  };
}
