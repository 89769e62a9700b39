export type ParameterValue = string | number;

/** SQL with named parameters (`{name:Type}`); values are always bound, never spliced into the text. */
export interface Statement {
  readonly sql: string;
  readonly params: Readonly<Record<string, ParameterValue>>;
}

/** One row of a JSON answer, by column name. */
export type Row = Readonly<Record<string, unknown>>;
