import type { Settings } from '../settings.ts';

/** One command of the command line. */
export interface Command {
  readonly name: string;
  /** `<topic>` and the like, after the name. */
  readonly usage: string;
  readonly summary: string;
  /** Options beyond --config and --help: name to help text; a text with a leading `<value>` takes a value. */
  readonly options: Readonly<Record<string, { readonly help: string; readonly value?: string }>>;
  readonly examples: readonly string[];
  /** Returns the exit code. */
  run(input: CommandInput): Promise<number>;
}

export interface CommandInput {
  readonly settings: Settings;
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Aborts on the first interrupt. */
  readonly signal: AbortSignal;
}
