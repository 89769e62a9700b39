import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROVIDERS } from '@weir/providers';
import { freePort, type SpawnedNode, spawnNode, tempDirectory, waitFor } from '@weir/testkit';

const MAIN = join(import.meta.dirname, '../../packages/weir/src/main.ts');

export interface RunningWeir {
  readonly process: SpawnedNode;
  readonly ingressUrl: string;
  readonly sqlUrl: string;
  readonly consoleUrl: string;
  readonly directory: string;
  /** Rows of a query, numbers and money as text. */
  query<Row>(sql: string): Promise<Row[]>;
  /** Pids of the supervisor's processes, by a part of their command line. */
  pidsOf(file: string): number[];
  stop(): Promise<void>;
}

/** Starts the whole product as a user does, with every provider at `providerUrl`: in a new directory, or in `home`, which stays. */
export async function startWeir(
  providerUrl: string,
  settings: Readonly<Record<string, unknown>> & { readonly ingress?: object } = {},
  home?: string,
): Promise<RunningWeir> {
  const directory = home === undefined ? await tempDirectory() : { value: home, stop: async () => undefined };
  const [ingress, sql, page] = [await freePort(), await freePort(), await freePort()];
  const providers = Object.fromEntries(
    [...PROVIDERS.keys()].map((slug) => [slug, { base_url: `${providerUrl}/${slug}` }]),
  );
  const config = {
    sql: { port: sql },
    console: { port: page },
    loader: { linger_ms: 100 },
    logging: { level: 'info', format: 'json' },
    providers,
    ...settings,
    ingress: { port: ingress, workers: 2, ...settings.ingress },
  };
  // JSON is YAML.
  writeFileSync(join(directory.value, 'weir.yaml'), JSON.stringify(config));
  const weir = spawnNode(MAIN, ['up', '--config', join(directory.value, 'weir.yaml')], { cwd: directory.value });
  await weir.ready(/is running\./, 180_000);
  const sqlUrl = `http://127.0.0.1:${sql}`;
  return {
    process: weir,
    ingressUrl: `http://127.0.0.1:${ingress}`,
    sqlUrl,
    consoleUrl: `http://127.0.0.1:${page}`,
    directory: directory.value,
    query: (text) => queryRows(sqlUrl, text),
    pidsOf: (file) => childrenOf(weir.child.pid ?? 0).filter((pid) => commandLine(pid).includes(file)),
    async stop() {
      await weir.stop(30_000);
      await directory.stop();
    },
  };
}

/** Rows of a query over the ClickHouse HTTP interface, numbers and money as text. */
export async function queryRows<Row>(url: string, text: string): Promise<Row[]> {
  const settings = 'output_format_json_quote_decimals=1&output_format_json_quote_64bit_integers=1';
  const response = await fetch(`${url}/?database=weir&default_format=JSONEachRow&${settings}`, {
    method: 'POST',
    body: text,
  });
  const body = await response.text();
  if (!response.ok) throw new Error(body);
  return body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

/** Pids of a process's children. */
export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** Waits until the ledger holds `count` rows; fails loudly when it holds more. */
export async function waitForRows(weir: Pick<RunningWeir, 'query'>, count: number, timeoutMs = 30_000): Promise<void> {
  await waitFor(
    async () => {
      const [row] = await weir.query<{ n: string }>('SELECT count() AS n FROM requests');
      const found = Number(row?.n ?? 0);
      if (found > count) throw new Error(`${found} rows, expected ${count}`);
      return found === count;
    },
    { what: `${count} rows in the ledger`, timeoutMs, intervalMs: 100 },
  );
}
