import { describe, expect, it } from 'vitest';
import { readMigrations } from './read-migrations.ts';
import { type Deployment, renderStatements } from './render.ts';

/** Statements that can be repeated. */
const REPEATABLE =
  /^(CREATE (DATABASE|TABLE|MATERIALIZED VIEW|VIEW) IF NOT EXISTS weir|CREATE OR REPLACE VIEW weir|ALTER TABLE weir[^(]*?\s+(ADD COLUMN IF NOT EXISTS|MODIFY QUERY)\s)/;

const template = `-- A comment; with a semicolon
CREATE TABLE IF NOT EXISTS {{database}}.t{{onCluster}} (
  -- another; one;
  ts DateTime, -- kept; not at a line's end
  s String DEFAULT 'a;b'
) ENGINE = {{engine ReplacingMergeTree(version)}}
PARTITION BY {{partition ts}}
SETTINGS {{dedupWindow 500}};

CREATE TABLE {{database}}.u{{onCluster}} (a Int8) ENGINE = {{engine MergeTree}};
`;

describe('renderStatements', () => {
  it('renders one server', () => {
    expect(renderStatements(template, 'weir', { mode: 'single' })).toMatchInlineSnapshot(`
      [
        "CREATE TABLE IF NOT EXISTS weir.t (
        ts DateTime, -- kept; not at a line's end
        s String DEFAULT 'a;b'
      ) ENGINE = ReplacingMergeTree(version)
      PARTITION BY toYYYYMM(ts)
      SETTINGS non_replicated_deduplication_window = 500",
        "CREATE TABLE weir.u (a Int8) ENGINE = MergeTree",
      ]
    `);
  });
  it('renders self-hosted replicas', () => {
    expect(renderStatements(template, 'weir', { mode: 'cluster', cluster: 'main' })).toMatchInlineSnapshot(`
      [
        "CREATE TABLE IF NOT EXISTS weir.t ON CLUSTER 'main' (
        ts DateTime, -- kept; not at a line's end
        s String DEFAULT 'a;b'
      ) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}', version)
      PARTITION BY toYYYYMMDD(ts)
      SETTINGS replicated_deduplication_window = 500, replicated_deduplication_window_seconds = 172800",
        "CREATE TABLE weir.u ON CLUSTER 'main' (a Int8) ENGINE = ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')",
      ]
    `);
  });
  it('renders ClickHouse Cloud', () => {
    expect(renderStatements(template, 'weir', { mode: 'cloud' })).toMatchInlineSnapshot(`
      [
        "CREATE TABLE IF NOT EXISTS weir.t (
        ts DateTime, -- kept; not at a line's end
        s String DEFAULT 'a;b'
      ) ENGINE = ReplacingMergeTree(version)
      PARTITION BY toYYYYMMDD(ts)
      SETTINGS replicated_deduplication_window = 500, replicated_deduplication_window_seconds = 172800",
        "CREATE TABLE weir.u (a Int8) ENGINE = MergeTree",
      ]
    `);
  });
  it('refuses an unknown placeholder and a name that is none', () => {
    expect(() => renderStatements('{{nothing}};', 'weir', { mode: 'single' })).toThrow('unknown placeholder');
    expect(() => renderStatements('', 'we`ir', { mode: 'single' })).toThrow('not a plain identifier');
    expect(() => renderStatements('', 'weir', { mode: 'cluster', cluster: "a'b" })).toThrow('not a plain identifier');
  });
});

describe('the migrations', async () => {
  const migrations = await readMigrations();
  const deployments: readonly Deployment[] = [
    { mode: 'single' },
    { mode: 'cluster', cluster: 'main' },
    { mode: 'cloud' },
  ];

  it.each(deployments)('can be repeated and leave nothing to defaults ($mode)', (deployment) => {
    for (const { template: text } of migrations) {
      for (const statement of renderStatements(text, 'weir', deployment)) {
        expect(statement).toMatch(REPEATABLE);
        if (statement.startsWith('ALTER')) expect(statement).not.toMatch(/ADD COLUMN (?!IF NOT EXISTS)/);
        expect(statement).not.toMatch(/\{\{|\}\}/);
        expect(statement.includes(" ON CLUSTER 'main'")).toBe(deployment.mode === 'cluster');
        if (!statement.startsWith('CREATE TABLE')) continue;
        const window =
          deployment.mode === 'single' ? 'non_replicated_deduplication_window' : 'replicated_deduplication_window';
        expect(statement).toMatch(new RegExp(`[ ,]${window} = [1-9]`));
        expect(/ENGINE = Replicated\w*MergeTree\('\/clickhouse\/tables\/\{uuid\}/.test(statement)).toBe(
          deployment.mode === 'cluster',
        );
      }
    }
  });

  it('gives a deduplication window to every table that a view writes to (warehouse.md, decision 4)', () => {
    const statements = migrations.flatMap(({ template: text }) => renderStatements(text, 'weir', { mode: 'single' }));
    const targets = statements.flatMap(
      (text) => /^CREATE MATERIALIZED VIEW .* TO weir\.(\w+) AS/.exec(text)?.[1] ?? [],
    );
    expect(new Set(targets)).toEqual(
      new Set(['usage_1m', 'usage_1h', 'usage_1d', 'usage_dim_1h', 'usage_user_1d', 'facets_1h']),
    );
    for (const target of targets) {
      const table = statements.find((text) => text.startsWith(`CREATE TABLE IF NOT EXISTS weir.${target} `));
      expect(table).toContain('non_replicated_deduplication_window = 100000');
    }
  });
});
