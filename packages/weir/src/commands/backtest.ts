import { WeirError } from '@weir/kernel';
import { backtestSeries } from '../backtest/series-backtest.ts';
import type { Command, CommandInput } from './command.ts';

export const backtest: Command = {
  name: 'backtest',
  usage: '',
  summary: 'Run a detector over the past: anomaly scores for a plain time series.',
  options: {
    series: { value: 'file', help: 'CSV with the header timestamp,value, or - for the standard input' },
    out: { value: 'file', help: 'where timestamp,anomaly_score goes, one row a row (default: standard output)' },
  },
  examples: [
    'npm start -- backtest --series latency.csv --out scores.csv',
    'npx pnpm@10 weir backtest --series - < latency.csv > scores.csv',
  ],
  run: runBacktest,
};

async function runBacktest({ options, positionals, err, signal }: CommandInput): Promise<number> {
  const { series, out } = options;
  if (typeof series !== 'string' || positionals.length > 0) {
    throw new WeirError('CLI_USAGE', 'backtest needs a series', {
      fix: 'Give --series FILE: a CSV with the header timestamp,value.',
    });
  }
  if (out === series) {
    throw new WeirError('CLI_USAGE', `--out is the file that is read: ${series}`, { fix: 'Name another file.' });
  }
  await backtestSeries({ from: series, to: typeof out === 'string' ? out : undefined, progress: err, signal });
  return 0;
}
