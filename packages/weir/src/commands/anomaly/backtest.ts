import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { WeirError } from '@weir/kernel';
import { type BacktestProgress, backtestEvents } from '../../backtest/backtest-events.ts';
import type { Command, CommandInput } from '../command.ts';

export const backtest: Command = {
  name: 'backtest',
  usage: '',
  summary: 'Run the anomaly detector over past events, in their own time, and print what it would have said.',
  options: {
    events: {
      value: 'file',
      help: 'JSON lines of priced events, in the order of their time; .gz, or - for standard input',
    },
    out: { value: 'file', help: 'where the alerts go, as JSON lines (default: standard output)' },
    late: { value: 'seconds', help: 'how far events may be out of order (default: 0)' },
    quiet: { help: 'no progress' },
  },
  examples: [
    'npm start -- backtest --events events.jsonl --out alerts.jsonl',
    'zcat events.jsonl.gz | npm start -- backtest --events - > alerts.jsonl',
  ],
  run: runBacktest,
};

async function runBacktest({ options, out, err, signal }: CommandInput): Promise<number> {
  const file = options['events'];
  if (typeof file !== 'string') {
    throw new WeirError('CLI_USAGE', 'backtest needs --events', {
      fix: 'Give a file of JSON lines, or - for standard input.',
    });
  }
  if (file !== '-' && !existsSync(file)) {
    throw new WeirError('CLI_USAGE', `there is no file ${file}`, { fix: 'Check the path of --events.' });
  }
  const late = Number(options['late'] ?? 0);
  if (!(late >= 0)) {
    throw new WeirError('CLI_USAGE', `--late is "${String(options['late'])}"`, { fix: 'Give a number of seconds.' });
  }
  const target = options['out'];
  const writer = typeof target === 'string' ? createWriteStream(target) : undefined;
  if (writer !== undefined) await once(writer, 'open');
  const done = await backtestEvents({
    file,
    latenessMs: late * 1_000,
    onAlert: (alert) => {
      const line = JSON.stringify(alert);
      if (writer === undefined) out(line);
      else writer.write(`${line}\n`);
    },
    onProgress: (progress) => {
      if (options['quiet'] !== true) err(progressText(progress));
    },
    signal,
  });
  if (writer !== undefined) {
    writer.end();
    await once(writer, 'finish');
  }
  if (options['quiet'] !== true) err(`done: ${progressText(done)}`);
  return 0;
}

function progressText({ events, late, alerts, ts, seconds }: BacktestProgress): string {
  const at = ts > 0 ? `${new Date(ts).toISOString().slice(0, 16)}Z` : 'no events';
  const rate = Math.round(events / Math.max(0.001, seconds)).toLocaleString('en-US');
  return `${events.toLocaleString('en-US')} events to ${at}, ${alerts} alerts, ${rate} events/s${late > 0 ? `, ${late} came late` : ''}`;
}
