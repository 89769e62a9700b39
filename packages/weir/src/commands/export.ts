import { existsSync } from 'node:fs';
import {
  type DatasetName,
  datasetOf,
  type ExportContext,
  exportRange,
  HOUR_MS,
  isoTime,
  parseHour,
  type RangeProgress,
  startOfHour,
  verifyExport,
} from '@weir/exporter';
import { errorMessage, Releasers, sleep, systemClock, WeirError } from '@weir/kernel';
import type { ObjectStore } from '@weir/object-store';
import type { Warehouse } from '@weir/warehouse';
import { openHttpWarehouse } from '@weir/warehouse/drivers/http';
import { exporterConfig, wantedDatasets } from '../export/exporter-config.ts';
import { openObjectStore } from '../export/open-object-store.ts';
import { watermarkOf } from '../export/start-export.ts';
import { WEIR_VERSION } from '../version.ts';
import type { Command, CommandInput } from './command.ts';
import { sqlAccess } from './sql.ts';
import { openExistingLog } from './subscribe.ts';

export const exportCommand: Command = {
  name: 'export',
  usage: '[verify]',
  summary: 'Export hours of the ledger to a folder or bucket, or verify what was exported.',
  options: {
    from: { value: 'hour', help: 'first hour, e.g. 2026-11-22T14 or 2026-11-22 (UTC)' },
    to: { value: 'hour', help: 'hour after the last; default: the newest that is closed' },
    dataset: { value: 'names', help: 'comma-separated; default: those of export.datasets' },
    'to-url': { value: 'url', help: 'file:<directory> or s3://bucket/prefix?…; default: export.url' },
    format: { value: 'name', help: 'parquet or jsonl; default: export.format' },
    offline: { help: 'verify: do not ask the ledger' },
  },
  examples: [
    'npm start -- export --from 2026-11-01 --to 2026-11-08',
    'npm start -- export --from 2026-11-22 --dataset requests,focus --to-url file:./exports',
    'npm start -- export verify',
    'npm start -- export verify --from 2026-11-22 --to 2026-11-23',
  ],
  run: runExport,
};

const WAIT_MS = 60_000;
const POLL_MS = 250;

async function runExport(input: CommandInput): Promise<number> {
  const [what, ...more] = input.positionals;
  if (more.length > 0 || (what !== undefined && what !== 'verify')) {
    throw new WeirError('CLI_USAGE', `export takes "verify" or nothing, not "${input.positionals.join(' ')}"`, {
      fix: 'See weir export --help.',
    });
  }
  const releasers = new Releasers();
  try {
    const { settings } = input;
    const given = text(input, 'to-url');
    const url = given ?? settings.config.export.url;
    if (url === '') {
      throw new WeirError('CLI_USAGE', 'there is no destination', { fix: 'Set export.url, or give --to-url.' });
    }
    const store = await openObjectStore(url, given === undefined ? settings.baseDirectory : process.cwd(), settings);
    releasers.add('object store', () => store.close());
    const warehouse = openHttpWarehouse(sqlAccess(settings));
    releasers.add('warehouse', () => warehouse.close());
    return what === 'verify' ? await runVerify(input, store, warehouse) : await runRange(input, store, warehouse);
  } finally {
    await releasers.stop();
  }
}

async function runRange(input: CommandInput, store: ObjectStore, warehouse: Warehouse): Promise<number> {
  const { settings, signal, err, out } = input;
  const from = text(input, 'from');
  if (from === undefined)
    throw new WeirError('CLI_USAGE', 'export needs --from', { fix: 'weir export --from 2026-11-22' });
  await requireWarehouse(warehouse);
  await store.check();
  const { lagMs, format, limits, graceMs } = exporterConfig(settings.config);
  const newest = startOfHour(systemClock.now() - lagMs);
  const to = text(input, 'to');
  const window = { from: parseHour(from), to: to === undefined ? newest : parseHour(to) };
  if (window.to > newest) {
    throw new WeirError('EXPORT_HOUR_OPEN', `${isoTime(window.to)} is not closed (export.lag_ms is ${lagMs})`, {
      fix: `Export up to ${isoTime(newest).slice(0, 13)}, or wait.`,
    });
  }
  if (window.from >= window.to) {
    const problem = `nothing lies between ${isoTime(window.from)} and ${isoTime(window.to)}`;
    throw new WeirError('EXPORT_WINDOW', problem, { fix: 'Give a --from before --to.' });
  }
  const watermark = await waitForLoader(input, window.to + lagMs);
  const chosen = text(input, 'format') ?? format;
  if (chosen !== 'parquet' && chosen !== 'jsonl') {
    throw new WeirError('CLI_USAGE', `--format is "${chosen}"`, { fix: 'Use parquet or jsonl.' });
  }
  const context: ExportContext = {
    store,
    warehouse,
    clock: systemClock,
    format: chosen,
    limits,
    graceMs,
    version: WEIR_VERSION,
    signal,
  };
  const datasets = datasetsOf(input);
  err(`exporting ${(window.to - window.from) / HOUR_MS} hours of ${datasets.join(', ')} to ${store.location}`);
  const summary = await exportRange(context, { datasets, window, watermark, onProgress: (at) => err(progress(at)) });
  out(JSON.stringify(summary));
  return 0;
}

/** What the loader has not finished yet would come as a revision: better to wait. Not known without the log: then no wait. */
async function waitForLoader(input: CommandInput, until: number): Promise<number | undefined> {
  const { settings, signal, err } = input;
  if (settings.log.kind === 'embedded' && !existsSync(settings.log.directory)) return undefined;
  const log = await openExistingLog(settings);
  try {
    const watermark = watermarkOf(log, settings);
    const deadline = systemClock.monotonic() + WAIT_MS;
    for (let told = false; ; told = true) {
      const closed = await watermark.closedBefore();
      if (closed !== undefined && closed >= until) return closed;
      if (systemClock.monotonic() > deadline || signal.aborted) {
        throw new WeirError('EXPORT_HOUR_OPEN', 'the loader has not caught up with the log', {
          fix: 'See `weir doctor`: is Weir running, and what holds its readers up?',
        });
      }
      if (!told) err('waiting for the loader');
      await sleep(POLL_MS, signal);
    }
  } finally {
    await log.close();
  }
}

function progress({ done, of, title, outcome }: RangeProgress): string {
  const at = `[${done}/${of}] ${title}:`;
  if (outcome.kind === 'current') return `${at} up to date`;
  if (outcome.kind === 'overtaken') return `${at} published by another exporter`;
  if (outcome.kind === 'kept') return `${at} kept: the ledger has fewer rows now`;
  const { revision, totals } = outcome.manifest;
  const money = totals.sum_cost_usd === null ? '' : `, ${totals.sum_cost_usd} USD`;
  return `${at} ${totals.rows} rows${money}, ${totals.bytes} bytes, revision ${revision}`;
}

async function runVerify(input: CommandInput, store: ObjectStore, warehouse: Warehouse): Promise<number> {
  const { err, out } = input;
  const [from, to] = [text(input, 'from'), text(input, 'to')];
  const reachable = input.options['offline'] !== true && (await canAsk(input, warehouse));
  const found = await verifyExport({
    store,
    warehouse: reachable ? warehouse : undefined,
    datasets: datasetsOf(input),
    window: {
      ...(from === undefined ? {} : { from: parseHour(from) }),
      ...(to === undefined ? {} : { to: parseHour(to) }),
    },
    now: systemClock.now(),
    graceMs: exporterConfig(input.settings.config).graceMs,
    onProgress: (done, of, title) => {
      if (done % 24 === 0 || done === of) err(`[${done}/${of}] ${title}`);
    },
  });
  for (const note of found.notes) err(`note: ${note}`);
  for (const { kind, dataset, where, text: problem } of found.problems) out(`${kind}: ${dataset}: ${where} ${problem}`);
  const { hours, files, rows, bytes, problems } = found;
  const compared = reachable ? 'compared with the ledger' : 'not compared with the ledger';
  out(`${hours} hours, ${files} files, ${rows} rows, ${bytes} bytes, ${compared}: ${problems.length} problems`);
  return problems.length === 0 ? 0 : 1;
}

async function canAsk({ err }: CommandInput, warehouse: Warehouse): Promise<boolean> {
  try {
    await warehouse.ping();
    return true;
  } catch (error) {
    err(`note: the ledger is not compared: ${errorMessage(error)}`);
    return false;
  }
}

async function requireWarehouse(warehouse: Warehouse): Promise<void> {
  try {
    await warehouse.ping();
  } catch (cause) {
    throw new WeirError('CLI_NOT_RUNNING', `the ledger cannot be read: ${errorMessage(cause)}`, {
      cause,
      fix: 'Start Weir with `npm start` in another terminal.',
    });
  }
}

function datasetsOf(input: CommandInput): readonly DatasetName[] {
  const named = text(input, 'dataset');
  if (named === undefined) return wantedDatasets(input.settings.config.export);
  return named.split(',').map((name) => datasetOf(name.trim()).name);
}

function text({ options }: CommandInput, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}
