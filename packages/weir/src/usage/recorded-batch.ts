import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorMessage, WeirError } from '@weir/kernel';
import { readExchange } from '@weir/providers';
import { indexUsage } from './index-usage.ts';
import { recordedExchange } from './recorded-exchange.ts';

type Json = Readonly<Record<string, unknown>>;

/** The answer to one entry of a list of recorded bodies. */
export interface RecordedUsage {
  readonly id: string;
  readonly usage: Json | null;
  readonly usage_source: string;
  readonly flags: readonly string[];
}

/** The entries of a list of recorded bodies: `entries` of an object, or a bare list. @throws WeirError `CLI_FILE_UNREADABLE`. */
export async function readIndex(file: string): Promise<readonly Json[]> {
  let index: unknown;
  try {
    index = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new WeirError('CLI_FILE_UNREADABLE', `cannot read ${file}: ${errorMessage(cause)}`, { cause });
  }
  const entries = Array.isArray(index) ? index : (index as { entries?: unknown } | null)?.entries;
  if (!Array.isArray(entries)) throw new WeirError('CLI_FILE_UNREADABLE', `${file} has no list of entries`);
  return entries as readonly Json[];
}

/**
 * Usage of one entry; its files are relative to the index.
 * @throws WeirError `CLI_FILE_UNREADABLE`.
 */
export async function readEntry(entry: Json, index: string): Promise<RecordedUsage> {
  const folder = dirname(index);
  const facts = readExchange(
    recordedExchange({
      provider: textOf(entry['provider']),
      endpoint: textOf(entry['endpoint']),
      model: textOf(entry['model']),
      status: typeof entry['status'] === 'number' ? entry['status'] : 200,
      framing: textOf(entry['framing']),
      headers: lowerCase(entry['response_headers']),
      request: await readBody(folder, entry['request_file']),
      response: await readBody(folder, entry['response_file']),
      complete: entry['complete'] !== false,
    }),
  );
  return {
    id: textOf(entry['id']),
    usage: indexUsage(facts),
    usage_source: facts.usageSource,
    flags: facts.flags,
  };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Header names in lower case, as the readers look them up. */
export function lowerCase(headers: unknown): Record<string, string> {
  const entries = Object.entries((headers ?? {}) as Json);
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), String(value)]));
}

async function readBody(folder: string, file: unknown): Promise<Uint8Array> {
  return typeof file === 'string' && file !== '' ? readBodyFile(resolve(folder, file)) : new Uint8Array();
}

/** @throws WeirError `CLI_FILE_UNREADABLE`. */
export async function readBodyFile(file: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(file));
  } catch (cause) {
    throw new WeirError('CLI_FILE_UNREADABLE', `cannot read ${file}: ${errorMessage(cause)}`, { cause });
  }
}
