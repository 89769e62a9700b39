/** `weir backtest --series`: the detector for one plain series over a file, row by row. */
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { SeriesDetector } from '@weir/detectors';
import { errorMessage, WeirError } from '@weir/kernel';
import { seriesRows } from './series-rows.ts';

export interface SeriesBacktest {
  /** A path, or `-` for the standard input. */
  readonly from: string;
  /** A path; undefined: the standard output. */
  readonly to: string | undefined;
  readonly progress: (text: string) => void;
  readonly signal: AbortSignal;
}

const PROGRESS_ROWS = 1_000_000;
/** The score of an alarm. */
const ALARM = 0.5;

/** @throws WeirError `CLI_SERIES_INVALID` for what cannot be read as a series; an output file is whole or absent. */
export async function backtestSeries({ from, to, progress, signal }: SeriesBacktest): Promise<void> {
  const input = from === '-' ? process.stdin : createReadStream(from);
  const part = to === undefined ? undefined : `${to}.part`;
  const output = part === undefined ? process.stdout : createWriteStream(part);
  const counts = { rows: 0, alarms: 0 };
  async function* scored(pieces: AsyncIterable<string>): AsyncGenerator<string> {
    const detector = new SeriesDetector();
    yield 'timestamp,anomaly_score\n';
    for await (const rows of seriesRows(pieces)) {
      let text = '';
      for (const { timestamp, time, value } of rows) {
        const score = detector.score(time, value);
        text += `${timestamp},${score === 0 ? '0' : score.toFixed(6)}\n`;
        counts.rows += 1;
        if (score >= ALARM) counts.alarms += 1;
        if (counts.rows % PROGRESS_ROWS === 0) progress(`${counts.rows.toLocaleString('en')} rows`);
      }
      if (text !== '') yield text;
    }
  }
  try {
    await pipeline(input.setEncoding('utf8'), scored, output, { signal, end: part !== undefined });
    if (part !== undefined && to !== undefined) await rename(part, to);
  } catch (error) {
    if (part !== undefined) await rm(part, { force: true });
    throw unreadable(error, from);
  }
  progress(`${counts.rows.toLocaleString('en')} rows, ${counts.alarms} at ${ALARM} or above`);
}

function unreadable(error: unknown, from: string): unknown {
  if (WeirError.is(error) || !(error instanceof Error) || !('code' in error) || !('path' in error)) return error;
  const what = error.path === from ? '--series cannot be read' : '--out cannot be written';
  return new WeirError('CLI_SERIES_INVALID', `${what}: ${errorMessage(error)}`, {
    fix: 'Check the path and its permissions.',
    cause: error,
  });
}
