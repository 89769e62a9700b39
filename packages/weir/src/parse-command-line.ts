import { parseArgs } from 'node:util';
import { errorMessage, nearest, WeirError } from '@weir/kernel';
import type { Command } from './commands/command.ts';

export interface ParsedCommandLine {
  /** undefined: print the general help. */
  readonly command: Command | undefined;
  readonly help: boolean;
  readonly version: boolean;
  readonly configFile: string | undefined;
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
}

const COMMON = {
  config: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

/** @throws WeirError `CLI_USAGE` naming the nearest command or option. */
export function parseCommandLine(parameters: readonly string[], commands: readonly Command[]): ParsedCommandLine {
  const named = parameters[0]?.startsWith('-') === false;
  const name = named ? parameters[0] : undefined;
  const rest = named ? parameters.slice(1) : parameters;
  const command = commands.find((candidate) => candidate.name === name);
  if (name !== undefined && command === undefined) {
    const near = nearest(
      name,
      commands.map((candidate) => candidate.name),
    );
    throw usage(`unknown command "${name}"`, near === undefined ? 'See weir --help.' : `Did you mean "${near}"?`);
  }
  const own = Object.entries(command?.options ?? {}).map(([option, { value }]) => {
    return [option, { type: value === undefined ? 'boolean' : 'string' }] as const;
  });
  const options: Record<string, { type: 'string' | 'boolean'; short?: string }> = { ...COMMON };
  for (const [option, spec] of own) options[option] = spec;
  try {
    const parsed = parseArgs({ args: rest, options, allowPositionals: true, strict: true });
    const { config, help, version, ...values } = parsed.values as Record<string, string | boolean | undefined>;
    return {
      command,
      help: help === true,
      version: version === true,
      configFile: typeof config === 'string' ? config : undefined,
      positionals: parsed.positionals,
      options: values,
    };
  } catch (error) {
    const wrong = rest.find(
      (part) => part.startsWith('--') && !Object.hasOwn(options, part.slice(2).split('=')[0] ?? ''),
    );
    const near = wrong === undefined ? undefined : nearest(wrong.slice(2), Object.keys(options));
    throw usage(
      errorMessage(error).split('.')[0] ?? '',
      near === undefined ? 'See --help.' : `Did you mean "--${near}"?`,
    );
  }
}

const usage = (message: string, fix: string): WeirError => new WeirError('CLI_USAGE', message, { fix });
