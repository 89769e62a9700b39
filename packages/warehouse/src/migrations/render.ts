import { WeirError } from '@weir/kernel';

/** Where the statements will run: one server, self-hosted replicas, or ClickHouse Cloud (warehouse.md §1.5). */
export type Deployment =
  | { readonly mode: 'single' }
  | { readonly mode: 'cluster'; readonly cluster: string }
  | { readonly mode: 'cloud' };

/** A retry must find its token: 100,000 entries for two days (warehouse.md §2.3, sizing). */
const DEDUPLICATION_SECONDS = 172_800;
const PLACEHOLDER = /\{\{(\w+)(?: ([^}]*))?\}\}/g;
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/**
 * Fills a migration template and splits it into statements. Placeholders: `{{database}}`, `{{onCluster}}`,
 * `{{engine ReplacingMergeTree(version)}}`, `{{partition ts}}`, `{{dedupWindow 1000}}`.
 * A statement ends with a semicolon at the end of a line.
 * @throws WeirError `WAREHOUSE_TEMPLATE` for an unknown placeholder or a name that is not an identifier.
 */
export function renderStatements(template: string, database: string, deployment: Deployment): readonly string[] {
  requireIdentifier(database);
  if (deployment.mode === 'cluster') requireIdentifier(deployment.cluster);
  const text = template
    .replaceAll(/^\s*--.*\n/gm, '')
    .replaceAll(PLACEHOLDER, (_match, name: string, argument: string | undefined) =>
      fill(name, argument ?? '', database, deployment),
    );
  return text
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

function fill(name: string, argument: string, database: string, deployment: Deployment): string {
  switch (name) {
    case 'database':
      return database;
    case 'onCluster':
      return deployment.mode === 'cluster' ? ` ON CLUSTER '${deployment.cluster}'` : '';
    case 'engine':
      return engine(argument, deployment);
    case 'partition':
      // One process with a small ledger keeps fewer parts with monthly partitions; a large one drops and reads days.
      return deployment.mode === 'single' ? `toYYYYMM(${argument})` : `toYYYYMMDD(${argument})`;
    case 'dedupWindow':
      return deployment.mode === 'single'
        ? `non_replicated_deduplication_window = ${argument}`
        : `replicated_deduplication_window = ${argument}, replicated_deduplication_window_seconds = ${DEDUPLICATION_SECONDS}`;
    default:
      throw new WeirError('WAREHOUSE_TEMPLATE', `unknown placeholder {{${name}}}`);
  }
}

/** Cloud rewrites plain names to SharedMergeTree; self-hosted replicas need the Replicated name and its path. */
function engine(text: string, deployment: Deployment): string {
  if (deployment.mode !== 'cluster') return text;
  const [name = '', parameters = ''] = text.replace(')', '').split('(');
  const all = ["'/clickhouse/tables/{uuid}/{shard}'", "'{replica}'", ...(parameters === '' ? [] : [parameters])];
  return `Replicated${name}(${all.join(', ')})`;
}

function requireIdentifier(name: string): void {
  if (IDENTIFIER.test(name)) return;
  throw new WeirError('WAREHOUSE_TEMPLATE', `"${name}" is not a plain identifier`, {
    fix: 'Use letters, digits, _ and - for the database and the cluster.',
  });
}
