/** The public data sets, from a checkout of numenta/NAB or microsoft/cloud-monitoring-dataset. Neither lies in this repository. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseTimestamp } from '../../packages/weir/src/backtest/series-timestamp.ts';
import { type LabelledSeries, windowsAround } from './labelled-series.ts';

interface Row {
  readonly time: number;
  readonly value: number;
  readonly label: string | undefined;
}

function rowsOf(file: string): Row[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split(/\r?\n/).slice(1);
  return lines.map((line) => {
    const [timestamp = '', value, label] = line.split(',').map((cell) => cell.replaceAll('"', ''));
    const time = parseTimestamp(timestamp);
    if (time === undefined) throw new Error(`${file}: no timestamp: ${line}`);
    return { time, value: Number(value), label };
  });
}

const timeOf = (text: string): number => parseTimestamp(text) ?? Number.NaN;

/** All series that labels/combined_windows.json names and the checkout has. */
export function readNab(checkout: string): LabelledSeries[] {
  const labels = JSON.parse(readFileSync(join(checkout, 'labels/combined_windows.json'), 'utf8')) as Record<
    string,
    [string, string][]
  >;
  return Object.entries(labels).map(([name, windows]) => {
    const rows = rowsOf(join(checkout, 'data', name));
    const times = rows.map(({ time }) => time);
    return {
      family: dirname(name),
      name,
      times,
      values: rows.map(({ value }) => value),
      windows: windows.map(([from, to]) => {
        const last = times.findLastIndex((time) => time <= timeOf(to));
        return [times.findIndex((time) => time >= timeOf(from)), last] as const;
      }),
    };
  });
}

/** Labelled rows that follow each other are one anomaly; windows as NAB lays them. */
export function readMicrosoft(checkout: string): LabelledSeries[] {
  return globSync(join(checkout, 'data/**/*.csv'))
    .sort()
    .map((file) => {
      const rows = rowsOf(file);
      const starts = rows.flatMap(({ label }, row) => (label === '1' && rows[row - 1]?.label !== '1' ? [row] : []));
      return {
        family: dirname(relative(join(checkout, 'data'), file)),
        name: file,
        times: rows.map(({ time }) => time),
        values: rows.map(({ value }) => value),
        windows: windowsAround(starts, rows.length),
      };
    });
}
