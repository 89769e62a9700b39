#!/usr/bin/env node
/** The command line: parses, runs one command, prints an error as one line and what to do. */
import { errorMessage, WeirError } from '@weir/kernel';
import type { Command } from './commands/command.ts';
import { commandHelp, generalHelp } from './help-text.ts';
import { parseCommandLine } from './parse-command-line.ts';
import { loadSettings } from './settings.ts';
import { WEIR_VERSION } from './version.ts';

const out = (text: string): void => void process.stdout.write(`${text}\n`);
const err = (text: string): void => void process.stderr.write(`${text}\n`);

/** Commands of scripts and pipes, which load what they need and nothing of the services. */
const LIGHT: ReadonlyMap<string | undefined, () => Promise<Command>> = new Map([
  ['price', async () => (await import('./commands/pricing/price.ts')).price],
  ['usage', async () => (await import('./commands/pricing/usage.ts')).usage],
]);

/** The commands among which `name` is looked up: itself alone where it is a light one, else all of them. */
async function commandsFor(name: string | undefined): Promise<readonly Command[]> {
  const light = LIGHT.get(name);
  return light === undefined ? (await import('./commands/index.ts')).COMMANDS : [await light()];
}

async function main(parameters: readonly string[]): Promise<number> {
  const commands = await commandsFor(parameters[0]);
  const line = parseCommandLine(parameters, commands);
  if (line.version) {
    out(WEIR_VERSION);
    return 0;
  }
  if (line.command === undefined || line.help) {
    // `npm start -- --help` arrives as `up --help`: whoever asks that wants to know of every command.
    const general = line.command === undefined || line.command.name === 'up';
    if (general) out(generalHelp(commands));
    if (line.command !== undefined) out(`${general ? '\n' : ''}${commandHelp(line.command)}`);
    return 0;
  }
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupt.signal.aborted) process.exit(130);
      interrupt.abort();
    });
  }
  const settings = loadSettings(line.configFile);
  const { positionals, options } = line;
  return line.command.run({ settings, positionals, options, out, err, signal: interrupt.signal });
}

process.stdout.on('error', () => process.exit(0));
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  err(`weir: ${errorMessage(error)}`);
  if (WeirError.is(error) && error.fix !== undefined) err(`      ${error.fix}`);
  if (!WeirError.is(error) && error instanceof Error && error.stack !== undefined) err(error.stack);
  process.exitCode = 1;
}
