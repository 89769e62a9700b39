import { WeirError } from '@weir/kernel';
import { explainJson, explainRow } from '../../explain/explain-row.ts';
import { type Adjustment, adjustmentsQuery, type ExplainedRow, rowQuery } from '../../explain/explained-row.ts';
import type { Command, CommandInput } from '../command.ts';
import { queryOverHttp } from '../sql.ts';

export const explain: Command = {
  name: 'explain',
  usage: '<log id>',
  summary: "Spell out how a call's cost came about: usage, rates, arithmetic, corrections.",
  options: { json: { help: 'one JSON object, in the form of `weir price`' } },
  examples: ['npm start -- explain 0198d3a0-5b1c-7cc0-9d8e-2f6b5c0e8a11'],
  run: runExplain,
};

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

async function runExplain(input: CommandInput): Promise<number> {
  const [id = ''] = input.positionals;
  if (!UUID.test(id)) {
    throw new WeirError('CLI_USAGE', id === '' ? 'explain needs a log id' : `"${id}" is no log id`, {
      fix: 'It is the cf-aig-log-id of an answer, and request_id of the ledger.',
    });
  }
  const [row] = await rowsOf<Omit<ExplainedRow, 'adjustments'>>(input, rowQuery(id));
  if (row === undefined) {
    throw new WeirError('CLI_ROW_UNKNOWN', `the ledger has no row ${id}`, {
      fix: 'A row is there a few seconds after its call ended.',
    });
  }
  const adjustments = await rowsOf<Adjustment>(input, adjustmentsQuery(id));
  const explained = { ...row, adjustments };
  if (input.options['json'] === true) input.out(JSON.stringify(explainJson(explained)));
  else for (const line of explainRow(explained)) input.out(line);
  return 0;
}

async function rowsOf<Row>({ settings, signal }: CommandInput, query: string): Promise<Row[]> {
  const text = await queryOverHttp(settings, query, 'JSONEachRow', signal);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}
