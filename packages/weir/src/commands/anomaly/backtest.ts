import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { WeirError } from '@weir/kernel';
import { type BacktestProgress, backtestEvents } from '../../backtest/backtest-events.ts';
import { backtestSeries } from '../../backtest/series-backtest.ts';
import type { Command, CommandInput } from '../command.ts';

export const backtest: Command = {
  name: 'backtest',
  usage: '',
  summary: 'Run the anomaly detector over past events, in their own time, or score a plain time series.',
  options: {
    events: {
      value: 'file',
      help: 'JSON lines of priced events, in the order of their time; .gz, or - for standard input',
    },
    series: { value: 'file', help: 'instead: CSV with the header timestamp,value, or - for standard input' },
    out: {
      value: 'file',
      help: 'where alerts go, as JSON lines, or timestamp,anomaly_score of each row (default: standard output)',
    },
    quiet: { help: 'no progress' },
  },
  examples: [
    'npm start -- backtest --events events.jsonl --out alerts.jsonl',
    'zcat events.jsonl.gz | npm start -- backtest --events - > alerts.jsonl',
    'npm start -- backtest --series latency.csv --out scores.csv',
  ],
  run: runBacktest,
};

async function runBacktest(input: CommandInput): Promise<number> {
  const { events, series, out } = input.options;
  const file = events ?? series;
  if (typeof file !== 'string' || (events !== undefined && series !== undefined) || input.positionals.length > 0) {
    throw new WeirError('CLI_USAGE', 'backtest needs either --events or --series', {
      fix: 'Give a file of JSON lines, or of timestamp,value; - for standard input.',
    });
  }
  if (out === file && file !== '-') {
    throw new WeirError('CLI_USAGE', `--out is the file that is read: ${file}`, { fix: 'Name another file.' });
  }
  const to = typeof out === 'string' ? out : undefined;
  if (events === undefined) await backtestSeries({ from: file, to, progress: input.err, signal: input.signal });
  else await alertsOf(file, to, input);
  return 0;
}

async function alertsOf(
  file: string,
  to: string | undefined,
  { options, out, err, signal }: CommandInput,
): Promise<void> {
  if (file !== '-' && !existsSync(file)) {
    throw new WeirError('CLI_USAGE', `there is no file ${file}`, { fix: 'Check the path of --events.' });
  }
  const quiet = options['quiet'] === true;
  const writer = to === undefined ? undefined : createWriteStream(to);
  if (writer !== undefined) await once(writer, 'open');
  const done = await backtestEvents({
    file,
    onAlert: (alert) => {
      const line = JSON.stringify(alert);
      if (writer === undefined) out(line);
      else writer.write(`${line}\n`);
    },
    onProgress: (progress) => {
      if (!quiet) err(progressText(progress));
    },
    signal,
  });
  if (writer !== undefined) {
    writer.end();
    await once(writer, 'finish');
  }
  if (!quiet) err(`done: ${progressText(done)}`);
}

function progressText({ events, alerts, ts, seconds }: BacktestProgress): string {
  const at = ts > 0 ? `${new Date(ts).toISOString().slice(0, 16)}Z` : 'no events';
  const rate = Math.round(events / Math.max(0.001, seconds)).toLocaleString('en-US');
  return `${events.toLocaleString('en-US')} events to ${at}, ${alerts} alerts, ${rate} events/s`;
}
