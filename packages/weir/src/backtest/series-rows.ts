/** Reads the rows of a series: `timestamp,value` with a header, in text that comes in pieces. */
import { WeirError } from '@weir/kernel';
import { parseTimestamp } from './series-timestamp.ts';

export interface SeriesRow {
  /** The timestamp as it stands in the file. */
  readonly timestamp: string;
  readonly time: number;
  readonly value: number;
}

interface Columns {
  readonly timestamp: number;
  readonly value: number;
}

/** Longer than any row: what has no line break by then is not such a file. */
const LINE_CHARACTERS_MAX = 10_000;

/** @throws WeirError `CLI_SERIES_INVALID` naming the line and what stands there. */
export async function* seriesRows(pieces: AsyncIterable<string>): AsyncGenerator<SeriesRow[]> {
  const reader = new RowReader();
  let rest = '';
  for await (const piece of pieces) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    yield lines.flatMap((line) => reader.row(line));
    if (rest.length > LINE_CHARACTERS_MAX) reader.row(rest);
  }
  yield reader.row(rest);
  if (reader.columns === undefined) throw invalid('the file is empty', 'Give a header `timestamp,value` and rows.');
}

class RowReader {
  columns: Columns | undefined;
  #line = 0;
  #emptyLine = 0;

  /** No row for the header and for empty lines at the end. */
  row(text: string): SeriesRow[] {
    this.#line += 1;
    if (text.length > LINE_CHARACTERS_MAX) throw this.#invalid('more than 10,000 characters', text);
    const line = text.endsWith('\r') ? text.slice(0, -1) : text;
    if (line.trim() === '') {
      if (this.#emptyLine === 0) this.#emptyLine = this.#line;
      return [];
    }
    if (this.#emptyLine > 0) throw invalid(`line ${this.#emptyLine} is empty`, 'Remove it: each line is one row.');
    const cells = line.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
    if (this.columns === undefined) {
      this.columns = this.#header(cells, line);
      return [];
    }
    const timestamp = cells[this.columns.timestamp] ?? '';
    const time = parseTimestamp(timestamp);
    if (time === undefined) {
      throw this.#invalid('no timestamp', timestamp, 'Write it as 2026-11-20 14:05:00 or 2026-11-20T14:05:00Z.');
    }
    const number = cells[this.columns.value] ?? '';
    const value = number === '' ? Number.NaN : Number(number);
    if (!Number.isFinite(value)) {
      throw this.#invalid('no number', number, 'Write the value as 12.5 or 1e6; leave rows out that have none.');
    }
    return [{ timestamp, time, value }];
  }

  #invalid(what: string, found: string, fix = 'Give one row `timestamp,value` a line.'): WeirError {
    const shown = found.length > 60 ? `${found.slice(0, 60)}…` : found;
    return invalid(`line ${this.#line}: ${what}: "${shown}"`, fix);
  }

  #header(cells: readonly string[], line: string): Columns {
    const names = cells.map((cell) =>
      cell
        .replace(/^\uFEFF/, '')
        .replaceAll('"', '')
        .toLowerCase(),
    );
    const columns = { timestamp: names.indexOf('timestamp'), value: names.indexOf('value') };
    if (columns.timestamp >= 0 && columns.value >= 0) return columns;
    throw this.#invalid('no header', line, 'Begin the file with the line `timestamp,value`.');
  }
}

const invalid = (message: string, fix: string): WeirError => new WeirError('CLI_SERIES_INVALID', message, { fix });
