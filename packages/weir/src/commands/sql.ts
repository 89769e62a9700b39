import { errorMessage, WeirError } from '@weir/kernel';
import { readRunFile } from '../run-file.ts';
import type { Settings } from '../settings.ts';
import type { Command, CommandInput } from './command.ts';

export const sql: Command = {
  name: 'sql',
  usage: '"<query>"',
  summary: 'Ask the ledger a question (database weir; `-` reads the query from standard input).',
  options: { format: { value: 'name', help: 'a ClickHouse output format (default PrettyCompactMonoBlock)' } },
  examples: [
    'npm start -- sql "SELECT feature, sum(cost_usd) FROM requests GROUP BY 1 ORDER BY 2 DESC"',
    'npm start -- sql --format JSONEachRow "SELECT * FROM requests ORDER BY ts DESC LIMIT 1"',
  ],
  run: runSql,
};

const DEFAULT_FORMAT = 'PrettyCompactMonoBlock';

async function runSql(input: CommandInput): Promise<number> {
  const [first] = input.positionals;
  const query = first === '-' ? await readStandardInput() : first;
  if (query === undefined || query.trim() === '') {
    throw new WeirError('CLI_USAGE', 'sql needs a query', { fix: 'weir sql "SELECT count() FROM requests"' });
  }
  const format = String(input.options['format'] ?? DEFAULT_FORMAT);
  input.out((await queryOverHttp(input.settings, query, format, input.signal)).trimEnd());
  return 0;
}

/** Runs a query on the running Weir's SQL endpoint, or on the ClickHouse server. */
export async function queryOverHttp(
  settings: Settings,
  query: string,
  format: string,
  signal: AbortSignal,
): Promise<string> {
  const { url, username, password } = sqlAccess(settings);
  const target = new URL(url);
  target.searchParams.set('database', 'weir');
  target.searchParams.set('default_format', format);
  target.searchParams.set('output_format_json_quote_64bit_integers', '1');
  target.searchParams.set('output_format_json_quote_decimals', '1');
  let response: Response;
  try {
    const headers = { 'x-clickhouse-user': username, ...(password === '' ? {} : { 'x-clickhouse-key': password }) };
    response = await fetch(target, { method: 'POST', body: query, headers, signal });
  } catch (cause) {
    throw new WeirError('CLI_NOT_RUNNING', `no SQL endpoint at ${url}: ${errorMessage(cause)}`, {
      cause,
      fix: 'Start Weir with `npm start` in another terminal.',
    });
  }
  const text = await response.text();
  if (!response.ok) throw new WeirError('CLI_QUERY_FAILED', text.trim(), { fix: 'Correct the query.' });
  return text;
}

/** Where and as whom SQL is asked: the ClickHouse server, or the running Weir in front of its embedded engine. */
export function sqlAccess({ config, runDirectory, warehouseDirectory }: Settings) {
  if (warehouseDirectory === undefined) {
    const { url, username, password } = config.warehouse;
    return { url, username, password };
  }
  const running = readRunFile(runDirectory);
  const { host, port, username, password } = config.sql;
  return { url: running?.sqlUrl ?? `http://${host}:${port}`, username, password };
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
