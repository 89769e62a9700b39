import { WeirError } from '@weir/kernel';
import type { QueryParam } from '../../warehouse.ts';

/** Grants of the engine's configuration (engine-files.ts): all; one database; one database to read. */
export type Role = 'owner' | 'writer' | 'reader';

export interface SessionContext {
  readonly role: Role;
  readonly database: string;
  readonly settings: Readonly<Record<string, string | number>>;
  /** Values of `{name:Type}` placeholders as the engine reads them: text with TSV escapes. */
  readonly parameters: Readonly<Record<string, string>>;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_.]*$/;

/**
 * The statements that set a fresh session up. `readonly = 1` comes last: after it no setting can change, so nothing in
 * the caller's statement can lift it (ClickHouse, "Permissions for queries").
 * @throws WeirError `WAREHOUSE_QUERY` for a setting or parameter whose name is not an identifier.
 */
export function sessionPrelude(context: SessionContext): string {
  const assignments = [
    ...Object.entries(context.settings).map(([name, value]) => assignment(name, value)),
    ...Object.entries(context.parameters).map(([name, text]) => assignment(`param_${name}`, text)),
    ...(context.role === 'reader' ? ['readonly = 1'] : []),
  ];
  const set = assignments.length === 0 ? '' : `; SET ${assignments.join(', ')}`;
  if (!NAME.test(context.database))
    throw new WeirError('WAREHOUSE_QUERY', `"${context.database}" is not a database name`);
  return `SET ROLE weir_${context.role}; USE ${context.database}${set}`;
}

/** A ClickHouse string literal. */
export const literal = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** A parameter value as text for `SET param_…`: strings TSV-escaped, arrays as ClickHouse literals. */
export function parameterText(value: QueryParam): string {
  if (value === null) return '\\N';
  if (typeof value === 'string') return escapeTsv(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  return element(value);
}

function element(value: QueryParam): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return literal(value);
  if (Array.isArray(value)) return `[${value.map(element).join(',')}]`;
  return String(value);
}

const escapeTsv = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r');

function assignment(name: string, value: string | number): string {
  if (!NAME.test(name)) throw new WeirError('WAREHOUSE_QUERY', `"${name}" is not a setting or parameter name`);
  return `${name} = ${typeof value === 'number' ? value : literal(value)}`;
}
