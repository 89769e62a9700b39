import { accessSync, constants, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Config, type LoadedConfig, loadConfig } from '@weir/config';
import type { PriceBookSettings } from '@weir/cost';
import { errorMessage, WeirError } from '@weir/kernel';

/** Where events go: a directory that this machine's processes share, or brokers that all machines share. */
export type LogAddress =
  | { readonly kind: 'embedded'; readonly directory: string }
  | { readonly kind: 'kafka'; readonly url: string; readonly spoolDirectory: string };

/** The configuration, with its directories made absolute. */
export interface Settings {
  readonly config: Config;
  readonly file: string | undefined;
  readonly log: LogAddress;
  /** Directory of the embedded warehouse, or undefined when a ClickHouse server is used. */
  readonly warehouseDirectory: string | undefined;
  /** Relative directories of the configuration are relative to this. */
  readonly baseDirectory: string;
  /** Where a running Weir leaves its ports and pid. */
  readonly runDirectory: string;
}

/** The directory of the embedded log, which is the whole log or the spool in front of it. */
export const localLogDirectory = ({ log }: Settings): string =>
  log.kind === 'embedded' ? log.directory : log.spoolDirectory;

export function loadSettings(file: string | undefined): Settings {
  const loaded = loadConfig({ file, environment: process.env, workingDirectory: process.cwd() });
  return settingsOf(loaded);
}

/** Settings of a process of the supervisor: its configuration, and the file from the environment. */
export function settingsWith(config: Config): Settings {
  const file = process.env['WEIR_INTERNAL_CONFIG_FILE'];
  return settingsOf({ config, file, baseDirectory: file === undefined ? process.cwd() : dirname(file) });
}

function settingsOf({ config, file, baseDirectory }: LoadedConfig): Settings {
  const warehouseDirectory = directoryOf(config.warehouse.url, 'chdb', 'warehouse.url', baseDirectory);
  if (warehouseDirectory === undefined && !/^https?:\/\//.test(config.warehouse.url)) {
    throw unsupported('warehouse.url', config.warehouse.url, 'chdb:<directory> or http(s)://host:8123');
  }
  const settings = { config, file, log: logAddress(config, baseDirectory), warehouseDirectory, baseDirectory };
  return { ...settings, runDirectory: join(localLogDirectory({ ...settings, runDirectory: '' }), '..', 'run') };
}

function logAddress(config: Config, baseDirectory: string): LogAddress {
  const { url, spool } = config.log;
  const directory = directoryOf(url, 'embedded', 'log.url', baseDirectory);
  if (directory !== undefined) return { kind: 'embedded', directory };
  if (url.startsWith('kafka://')) return { kind: 'kafka', url, spoolDirectory: resolve(baseDirectory, spool) };
  throw unsupported('log.url', url, 'embedded:<directory> or kafka://host:9092');
}

function directoryOf(url: string, scheme: string, field: string, base: string): string | undefined {
  if (!url.startsWith(`${scheme}:`)) return undefined;
  const path = url.slice(scheme.length + 1);
  if (path === '') throw unsupported(field, url, `${scheme}:<directory>`);
  return resolve(base, path);
}

const unsupported = (field: string, value: string, forms: string): WeirError =>
  new WeirError('CLI_URL_UNSUPPORTED', `${field} is "${value}"`, { fix: `Write ${forms}.` });

/** Which price book the configuration names. */
export function priceBookSettings({ config, baseDirectory }: Settings): PriceBookSettings {
  const { price_book, price_book_sha256, price_book_key, price_terms } = config.cost;
  return {
    priceBook: price_book,
    priceBookSha256: price_book_sha256,
    priceBookKey: price_book_key,
    priceTerms: price_terms,
    baseDirectory,
  };
}

/** Makes the directory and proves that it can be written. @throws WeirError `CLI_DIRECTORY`. */
export function ensureDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
    accessSync(path, constants.W_OK);
  } catch (cause) {
    throw new WeirError('CLI_DIRECTORY', `cannot write ${path}: ${errorMessage(cause)}`, {
      cause,
      fix: 'Make it writable, or name another directory in weir.yaml.',
    });
  }
}

/** What every key is when nothing is configured. */
export function loadDefaults(): Config {
  return loadConfig({ file: undefined, environment: {}, workingDirectory: import.meta.dirname }).config;
}

export const alreadyRunning = (pid: number, url: string): WeirError =>
  new WeirError('CLI_ALREADY_RUNNING', `a Weir already runs here (pid ${pid}, ${url})`, {
    fix: 'Use that one, stop it, or start with another data directory.',
  });
