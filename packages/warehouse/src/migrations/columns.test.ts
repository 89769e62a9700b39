import { EVENTS } from '@weir/events';
import { describe, expect, it } from 'vitest';
import { readMigrations } from './read-migrations.ts';
import { renderStatements } from './render.ts';

/** Columns that Weir adds to those of the event. */
const ADDED = ['kafka_partition', 'kafka_offset', 'inserted_at'];
const tables = [
  { table: 'requests', event: 'cost', computed: ['model', 'tag_items'] },
  { table: 'anomalies', event: 'cost-anomaly', computed: [] },
  { table: 'budget_states', event: 'budget-state', computed: [] },
  { table: 'alert_actions', event: 'alert-action', computed: [] },
  { table: 'dead_letters', event: 'dead-letter', computed: [] },
] as const;

interface AvroField {
  readonly name: string;
  readonly type: unknown;
}

/** The ClickHouse types that hold every value of an Avro type. */
function typesFor(type: unknown): RegExp {
  const text = JSON.stringify(type);
  if (Array.isArray(type)) return new RegExp(`^Nullable\\(${typesFor(type[1]).source.slice(1, -1)}\\)$`);
  if (text.includes('"record"')) return /^Array\(Tuple\(/;
  if (text.startsWith('{"type":"array","items":"double"')) return /^Array\(Float64\)$/;
  if (text.startsWith('{"type":"array"')) return /^Array\(String\)$/;
  if (text.startsWith('{"type":"map","values":"double"')) return /^Map\(String, Float64\)$/;
  if (text.startsWith('{"type":"map"')) return /^Map\((LowCardinality\(String\)|String), String\)$/;
  if (text.includes('"enum"')) return /^LowCardinality\(String\)$/;
  if (text.includes('"decimal"')) return /^Decimal\(18, 12\)$/;
  if (text.includes('"uuid"')) return /^UUID$/;
  if (text.includes('"timestamp-millis"')) return /^DateTime64\(3, 'UTC'\)$/;
  const plain: Record<string, RegExp> = {
    '"string"': /^(LowCardinality\(String\)|String)$/,
    '"bytes"': /^String$/,
    '"int"': /^Int32$/,
    '"long"': /^Int64$/,
    '"double"': /^Float64$/,
    '"boolean"': /^Bool$/,
  };
  const found = plain[text];
  if (found === undefined) throw new Error(`no rule for Avro type ${text}`);
  return found;
}

/** Name to type, as written in a CREATE TABLE. */
function columnsOf(statement: string): ReadonlyMap<string, string> {
  const body = statement
    .slice(statement.indexOf('(\n') + 2, statement.indexOf('\n) ENGINE'))
    .replaceAll(/\n\s{4,}/g, ' ');
  const lines = body.split('\n').map((line) => line.trim());
  return new Map(
    lines
      .filter((line) => !/^(INDEX|--)/.test(line))
      .map((line) => {
        const [, name = '', rest = ''] = /^(\w+) (.*?),?$/.exec(line) ?? [];
        return [name, rest.replace(/ (CODEC|DEFAULT|MATERIALIZED|ALIAS)\b.*$/, '')] as const;
      }),
  );
}

/** Those that later migrations add. */
function addedColumns(statements: readonly string[], table: string): [string, string][] {
  const added = new RegExp(`^ALTER TABLE weir\\.${table} ADD COLUMN IF NOT EXISTS (\\w+) (.*)`, 's');
  return statements.flatMap((statement) => {
    const [, name, rest = ''] = added.exec(statement) ?? [];
    return name === undefined ? [] : [[name, rest.replace(/ (CODEC|DEFAULT|AFTER)\b.*$/s, '')]];
  });
}

describe.each(tables)('$table and the $event event', async ({ table, event, computed }) => {
  const migrations = await readMigrations();
  const statements = migrations.flatMap(({ template }) => renderStatements(template, 'weir', { mode: 'single' }));
  const statement = statements.find((text) => text.startsWith(`CREATE TABLE IF NOT EXISTS weir.${table} `)) ?? '';
  const columns = new Map([...columnsOf(statement), ...addedColumns(statements, table)]);
  const fields = EVENTS[event].schema.fields as readonly AvroField[];

  it('have the same names', () => {
    expect([...columns.keys()].sort()).toEqual([...fields.map(({ name }) => name), ...ADDED, ...computed].sort());
  });

  it.each(fields.map(({ name, type }) => [name, type] as const))('%s holds every value', (name, type) => {
    expect(columns.get(name)).toMatch(typesFor(type));
  });
});
