/** What the SQL endpoint needs of an engine; the embedded engine has it. */
export interface SqlEngine {
  /** @throws WeirError with `details.clickhouseCode`. */
  describe(sql: string): Promise<SqlFacts>;
  run(statement: SqlStatement): Promise<{ readonly bytes: Uint8Array }>;
  /** `described` is the engine's own answer about this `sql`. */
  stream(statement: SqlStatement & { readonly described?: SqlFacts }): AsyncGenerator<Uint8Array>;
  /** `sql` ends in `FORMAT X`; `body` has the rows. */
  insert(statement: SqlStatement, body: Uint8Array): Promise<unknown>;
}

export interface SqlFacts {
  /** SELECT, INSERT, … in capitals. */
  readonly verb: string;
  /** The format that the statement itself names, if any. */
  readonly format: string | undefined;
  /** True for an INSERT whose rows come as data. */
  readonly takesRows: boolean;
}

export interface SqlStatement {
  readonly sql: string;
  /** `reader`: enforced read-only; `writer`: this database only. */
  readonly role: 'reader' | 'writer';
  readonly format: string;
  readonly parameterTexts: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string | number>>;
  readonly database?: string;
  readonly signal: AbortSignal;
}
