import type { Command } from './commands/command.ts';

/** `weir --help`. */
export function generalHelp(commands: readonly Command[]): string {
  const rows = commands.map((command) => {
    return `  ${`${command.name} ${command.usage}`.padEnd(20)} ${command.summary}`;
  });
  return [
    'Weir: an AI gateway whose every request becomes an exact entry in a cost ledger.',
    '',
    'Usage: npm start -- [command] [options]      (or: pnpm weir <command>, npx weir <command>)',
    '',
    ...rows,
    '',
    'Options of every command:',
    '  --config <file>      configuration (default: WEIR_CONFIG, else ./weir.yaml, else defaults)',
    '  --help, -h           help; `<command> --help` tells more',
    '  --version            print the version',
    '',
    'Without a command, `npm start` runs `up`.',
  ].join('\n');
}

/** `weir <command> --help`. */
export function commandHelp(command: Command): string {
  const options = Object.entries(command.options).map(([name, { value, help }]) => {
    return `  ${`--${name}${value === undefined ? '' : ` <${value}>`}`.padEnd(22)} ${help}`;
  });
  return [
    `weir ${command.name} ${command.usage}`.trimEnd(),
    '',
    command.summary,
    ...(options.length === 0 ? [] : ['', 'Options:', ...options]),
    '',
    'Examples:',
    ...command.examples.map((example) => `  ${example}`),
    '',
    'Common options: --config <file>, --help. General help: npm start -- --help',
  ].join('\n');
}
