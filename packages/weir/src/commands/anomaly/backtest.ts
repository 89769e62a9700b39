import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { createTenantClock } from '@weir/anomaly';
import { systemClock, WeirError } from '@weir/kernel';
import { type BacktestProgress, backtestEvents } from '../../backtest/backtest-events.ts';
import { backtestLedger } from '../../backtest/backtest-ledger.ts';
import { backtestSeries } from '../../backtest/series-backtest.ts';
import { openLedger } from '../../ledger/maintenance.ts';
import { windowOption } from '../../ledger/time-option.ts';
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
    from: { value: 'time', help: 'instead: the ledger from here on, ISO 8601 or a date (UTC)' },
    to: { value: 'time', help: 'its end (default: now)' },
    series: { value: 'file', help: 'instead: CSV with the header timestamp,value, or - for standard input' },
    out: {
      value: 'file',
      help: 'where alerts go, as JSON lines, or timestamp,anomaly_score of each row (default: standard output)',
    },
    late: { value: 'seconds', help: 'how far events may be out of order (default: 0)' },
    quiet: { help: 'no progress' },
  },
  examples: [
    'npm start -- backtest --events events.jsonl --out alerts.jsonl',
    'zcat events.jsonl.gz | npm start -- backtest --events - > alerts.jsonl',
    'npm start -- backtest --from 2026-10-01 --to 2026-11-01 --config weir.yaml',
    'npm start -- backtest --series latency.csv --out scores.csv',
  ],
  run: runBacktest,
};

async function runBacktest(input: CommandInput): Promise<number> {
  const { events, series, from, out } = input.options;
  const sources = [events, series, from].filter((source) => source !== undefined);
  if (sources.length !== 1 || input.positionals.length > 0) {
    throw new WeirError('CLI_USAGE', 'backtest needs one of --events, --series and --from', {
      fix: 'Give a file of JSON lines or of timestamp,value (- for standard input), or the start of a window of the ledger.',
    });
  }
  const file = String(events ?? series ?? '-');
  if (out === file && file !== '-') {
    throw new WeirError('CLI_USAGE', `--out is the file that is read: ${file}`, { fix: 'Name another file.' });
  }
  if (events !== undefined && file !== '-' && !existsSync(file)) {
    throw new WeirError('CLI_USAGE', `there is no file ${file}`, { fix: 'Check the path of --events.' });
  }
  const to = typeof out === 'string' ? out : undefined;
  if (series !== undefined) await backtestSeries({ from: file, to, progress: input.err, signal: input.signal });
  else await alertsOf(file, to, input);
  return 0;
}

/** Of a file of events, or of the ledger where a start is given. */
async function alertsOf(file: string, to: string | undefined, input: CommandInput): Promise<void> {
  const { options, out, err } = input;
  const quiet = options['quiet'] === true;
  const writer = to === undefined ? undefined : createWriteStream(to);
  if (writer !== undefined) await once(writer, 'open');
  const output: AlertOutput = {
    onAlert: (alert) => {
      const line = JSON.stringify(alert);
      if (writer === undefined) out(line);
      else writer.write(`${line}\n`);
    },
    onProgress: (progress) => {
      if (!quiet) err(progressText(progress));
    },
  };
  const done = options['from'] === undefined ? await ofEvents(file, output, input) : await ofLedger(output, input);
  if (writer !== undefined) {
    writer.end();
    await once(writer, 'finish');
  }
  if (!quiet) err(`done: ${progressText(done)}`);
}

interface AlertOutput {
  readonly onAlert: (alert: object) => void;
  readonly onProgress: (progress: BacktestProgress) => void;
}

function ofEvents(file: string, output: AlertOutput, { options, settings, signal }: CommandInput) {
  const late = Number(options['late'] ?? 0);
  if (!(late >= 0)) {
    throw new WeirError('CLI_USAGE', `--late is "${String(options['late'])}"`, { fix: 'Give a number of seconds.' });
  }
  return backtestEvents({ file, latenessMs: late * 1_000, clockOffset: clockOf(settings), ...output, signal });
}

async function ofLedger({ onAlert, onProgress }: AlertOutput, input: CommandInput): Promise<BacktestProgress> {
  const window = windowOption(input, systemClock.now());
  const { settings, signal } = input;
  const clockOffset = clockOf(settings);
  const warehouse = await openLedger(settings);
  try {
    return await backtestLedger({
      warehouse,
      window,
      clockOffset,
      // The detector knows calls by numbers of its own.
      onAlert: ({ alert, requestIds }) => onAlert({ ...alert, sample_ids: requestIds }),
      onProgress,
      signal,
    });
  } finally {
    await warehouse.close();
  }
}

const clockOf = ({ config: { anomalies } }: CommandInput['settings']) =>
  createTenantClock({ timeZone: anomalies.time_zone, byTenant: anomalies.time_zones });

function progressText({ events, late, alerts, ts, seconds }: BacktestProgress): string {
  const at = ts > 0 ? `${new Date(ts).toISOString().slice(0, 16)}Z` : 'no events';
  const rate = Math.round(events / Math.max(0.001, seconds)).toLocaleString('en-US');
  return `${events.toLocaleString('en-US')} events to ${at}, ${alerts} alerts, ${rate} events/s${late > 0 ? `, ${late} came late` : ''}`;
}
