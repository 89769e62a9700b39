import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { backtestSeries } from './series-backtest.ts';
import { parseTimestamp } from './series-timestamp.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-series-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function backtest(text: string): Promise<string> {
  const from = join(folder, 'series.csv');
  const to = join(folder, 'scores.csv');
  rmSync(to, { force: true });
  writeFileSync(from, text);
  await backtestSeries({ from, to, progress: () => undefined, signal: new AbortController().signal });
  return readFileSync(to, 'utf8');
}

const failure = async (text: string): Promise<string> => {
  const error = await backtest(text).then(
    () => undefined,
    (reason: unknown) => reason as Error & { fix: string },
  );
  return `${error?.message}. ${error?.fix}`;
};

describe('backtest --series', () => {
  it('one row a row, in order, across the pieces in which a file is read', async () => {
    const times = Array.from({ length: 30_000 }, (_, row) => new Date(row * 300_000).toISOString());
    const text = await backtest(`timestamp,value\n${times.map((time, row) => `${time},${row % 7}`).join('\n')}\n`);
    const [header, ...rows] = text.trimEnd().split('\n');
    expect(header).toBe('timestamp,anomaly_score');
    expect(rows.map((row) => row.split(',')[0])).toEqual(times);
    for (const row of rows) expect(row).toMatch(/,(0|0\.\d{6}|1\.000000)$/);
  });

  it('a spike has the highest score', async () => {
    const values = Array.from({ length: 1_000 }, (_, row) => (row === 800 ? 90 : 10 + ((row * 7_919) % 100) / 50));
    const lines = values.map((value, row) => `2026-01-01 00:${String(row % 60).padStart(2, '0')}:00,${value}`);
    const scores = (await backtest(`timestamp,value\n${lines.join('\n')}`)).trimEnd().split('\n').slice(1);
    const numbers = scores.map((line) => Number(line.split(',')[1]));
    expect(numbers.indexOf(Math.max(...numbers))).toBe(800);
  });

  it('quotes, CRLF, a byte order mark, other columns and empty lines at the end are read', async () => {
    const text = '\uFEFF"TimeStamp",Label,Value\r\n"2018-07-03 14:00:00",0,1\r\n2018-07-03T15:00:00Z,1,2e3\r\n\r\n\n';
    expect(await backtest(text)).toBe('timestamp,anomaly_score\n2018-07-03 14:00:00,0\n2018-07-03T15:00:00Z,0\n');
  });

  it('what cannot be read is named by line and value, with what to do, and leaves no output', async () => {
    const head = 'timestamp,value\n2026-01-01 00:00:00,1\n';
    expect(await failure(`${head}2026-01-01 00:05:00,abc\n`)).toMatch(/^line 3: no number: "abc"\. Write the value/);
    expect(await failure(`${head}2026-01-01 00:05:00,\n`)).toMatch(/^line 3: no number: ""/);
    expect(await failure(`${head}2026-01-01 00:05:00,NaN\n`)).toMatch(/^line 3: no number: "NaN"/);
    expect(await failure(`${head}yesterday,1\n`)).toMatch(/^line 3: no timestamp: "yesterday"\. Write it as/);
    expect(await failure(`${head}2026-02-30 00:00:00,1\n`)).toMatch(/^line 3: no timestamp/);
    expect(await failure(`${head}\n2026-01-01 00:05:00,1\n`)).toMatch(/^line 3 is empty\. Remove it/);
    expect(await failure('2026-01-01 00:00:00,1\n')).toMatch(/^line 1: no header: .*Begin the file/);
    expect(await failure('')).toMatch(/^the file is empty/);
    expect(await failure(`${head}${'x'.repeat(20_000)}`)).toMatch(/^line 3: more than 10,000 characters/);
    expect(readdirSync(folder)).toEqual(['series.csv']);
  });
});

describe('parseTimestamp', () => {
  it('reads what monitoring systems write, as UTC where no zone stands', () => {
    const time = Date.UTC(2026, 10, 20, 14, 5, 0);
    for (const text of [
      '2026-11-20 14:05:00',
      '2026-11-20T14:05Z',
      '2026-11-20 14:05:00.000000',
      '2026-11-20T15:05:00+01:00',
      '11/20/2026 2:05:00 PM',
      '11/20/2026 14:05',
      String(time),
      String(time / 1_000),
      `${time}000`,
    ]) {
      expect(parseTimestamp(text), text).toBe(time);
    }
    expect(parseTimestamp('2026-11-20 14:05:00.250')).toBe(time + 250);
    expect(parseTimestamp('11/20/2026 12:05 AM')).toBe(Date.UTC(2026, 10, 20, 0, 5));
    for (const text of ['', 'now', '2026-13-01', '2026-11-31', '14:05', '1', '2026-11-20 25:00']) {
      expect(parseTimestamp(text), text).toBeUndefined();
    }
  });
});
