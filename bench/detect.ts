/**
 * Scores `weir backtest` on generated worlds with labelled incidents, all marks and each kind.
 *
 *   node bench/detect.ts --fixtures DIR --seeds 501-510 [--profiles plain,hard] [--workers 2] [--keep DIR]
 *
 * DIR holds gen.mjs and score_incidents.mjs. A world is made, read by the command line as a user would, scored, and removed unless
 * --keep names where worlds are kept for the next run.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { median, printTable } from './support/report.ts';

const run = promisify(execFile);
const weir = join(import.meta.dirname, '../packages/weir/src/main.ts');

interface Incident {
  readonly kind: string;
  readonly must: boolean;
  readonly severity: string;
  readonly detected: boolean;
  readonly paged: boolean;
  readonly top1: boolean | null;
  readonly driver: boolean | null;
  readonly ttd_s: number | null;
  readonly bound_s: number | null;
  readonly delta: number;
  readonly hours: number;
}

interface Run {
  readonly incidents: readonly Incident[];
}

interface Scorer {
  scoreOne(labels: unknown, alerts: readonly unknown[]): Run;
  summarise(runs: readonly Run[]): Record<string, number>;
}

const { values } = parseArgs({
  options: {
    fixtures: { type: 'string' },
    seeds: { type: 'string', default: '501-510' },
    profiles: { type: 'string', default: 'plain,hard' },
    workers: { type: 'string', default: '2' },
    keep: { type: 'string' },
  },
});
if (values.fixtures === undefined) {
  console.error('give --fixtures: the directory of gen.mjs and score_incidents.mjs');
  process.exit(2);
}
const fixtures = resolve(values.fixtures);
const scorer = (await import(pathToFileURL(join(fixtures, 'score_incidents.mjs')).href)) as Scorer;
const base = values.keep === undefined ? mkdtempSync(join(tmpdir(), 'weir-detect-')) : resolve(values.keep);
const seeds = values.seeds.split(',').flatMap((part) => {
  const [from = 0, to = from] = part.split('-').map(Number);
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
});

const cell = (value: number | null | undefined, digits = 2): string =>
  value === null || value === undefined || !Number.isFinite(value) ? '-' : value.toFixed(digits);

async function scoreWorld(profile: string, seed: number): Promise<Run> {
  const directory = join(base, `${profile}-${seed}`);
  const events = join(directory, 'events.jsonl');
  const alerts = join(directory, 'alerts.jsonl');
  if (!existsSync(join(directory, 'labels.json'))) {
    mkdirSync(directory, { recursive: true });
    const hard = profile === 'hard' ? ['--hard'] : [];
    await run(process.execPath, [join(fixtures, 'gen.mjs'), '--seed', String(seed), '--out', directory, ...hard]);
  }
  const { stderr } = await run(process.execPath, [weir, 'backtest', '--events', events, '--out', alerts]);
  console.error(`${profile} ${seed}: ${stderr.trim().split('\n').at(-1) ?? ''}`);
  if (values.keep === undefined) rmSync(events);
  const labels: unknown = JSON.parse(readFileSync(join(directory, 'labels.json'), 'utf8'));
  const lines = readFileSync(alerts, 'utf8').split('\n').filter(Boolean);
  return scorer.scoreOne(
    labels,
    lines.map((line) => JSON.parse(line) as unknown),
  );
}

const ratioOf = ({ ttd_s, bound_s }: Incident): number => (ttd_s ?? Number.NaN) / Math.max(60, bound_s ?? 60);
const quantile = (list: readonly number[], share: number): number =>
  [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(share * list.length))] ?? Number.NaN;

function marks(profile: string, runs: readonly Run[]): void {
  const s = scorer.summarise(runs);
  const calm = runs.flatMap(({ incidents }) => incidents).filter(({ severity }) => severity === 'low');
  printTable(`${profile}: ${runs.length} worlds`, [
    {
      recall: cell(s['recall'], 3),
      'false alarms /day/1,000 keys': cell(s['false_alarms_per_day_per_1000_keys'], 3),
      'false pages /day': cell(s['false_pages_per_day'], 3),
      'TTD/bound p50': cell(s['median_ttd_over_bound']),
      p90: cell(s['p90_ttd_over_bound']),
      driver: cell(s['driver_accuracy'], 3),
      'top-1': cell(s['attribution_top1'], 3),
      'dollars lost': cell(s['excess_fraction_before_alert'], 3),
      'surges, launches told': cell(calm.filter(({ detected }) => detected).length / calm.length),
      paged: String(calm.filter(({ paged }) => paged).length),
      'info /day': cell(s['info_per_day'], 1),
      'median TTD s': cell(s['median_ttd_s'], 0),
    },
  ]);
}

function byKind(runs: readonly Run[]): void {
  const all = runs.flatMap(({ incidents }) => incidents);
  const kinds = [...new Set(all.map(({ kind }) => kind))].sort();
  const rows = kinds.map((kind) => {
    const of = all.filter((incident) => incident.kind === kind);
    const found = of.filter(({ detected }) => detected);
    const ratios = found.map(ratioOf);
    const spent = ({ delta, hours, ttd_s }: Incident): number => delta * Math.min(hours, (ttd_s ?? Infinity) / 3_600);
    return {
      kind,
      found: `${found.length}/${of.length}`,
      'median TTD s': cell(median(found.map(({ ttd_s }) => ttd_s ?? Number.NaN)), 0),
      'median bound s': cell(median(of.map(({ bound_s }) => bound_s ?? Number.POSITIVE_INFINITY)), 0),
      'TTD/bound p50': cell(median(ratios)),
      p90: cell(quantile(ratios, 0.9)),
      'top-1': cell(found.filter(({ top1 }) => top1).length / found.length),
      driver: cell(found.filter(({ driver }) => driver).length / found.length),
      'lost $': cell(
        of.filter(({ must }) => must).reduce((sum, incident) => sum + spent(incident), 0),
        0,
      ),
      'of $': cell(
        of.reduce((sum, { delta, hours }) => sum + delta * hours, 0),
        0,
      ),
    };
  });
  printTable('by kind', rows);
}

for (const profile of values.profiles.split(',')) {
  const queue = [...seeds];
  const runs: Run[] = [];
  const work = async (): Promise<void> => {
    for (let seed = queue.shift(); seed !== undefined; seed = queue.shift()) runs.push(await scoreWorld(profile, seed));
  };
  await Promise.all(Array.from({ length: Number(values.workers) }, work));
  marks(profile, runs);
  byKind(runs);
}
if (values.keep === undefined) rmSync(base, { recursive: true });
