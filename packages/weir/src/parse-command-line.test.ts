import { describe, expect, it } from 'vitest';
import { COMMANDS } from './commands/index.ts';
import { commandHelp, generalHelp } from './help-text.ts';
import { parseCommandLine } from './parse-command-line.ts';

const parse = (...parameters: string[]) => parseCommandLine(parameters, COMMANDS);
const usage = (message: RegExp, fix: RegExp): unknown =>
  expect.objectContaining({
    code: 'CLI_USAGE',
    message: expect.stringMatching(message),
    fix: expect.stringMatching(fix),
  });

describe('the command line', () => {
  it('takes a command, its options and its words', () => {
    const line = parse('subscribe', 'costs', '--from', 'earliest', '--config', 'x.yaml');
    expect(line.command?.name).toBe('subscribe');
    expect(line).toMatchObject({ positionals: ['costs'], options: { from: 'earliest' }, configFile: 'x.yaml' });
    expect(parse('up', '--demo').options).toMatchObject({ demo: true });
    expect(parse('--help')).toMatchObject({ command: undefined, help: true });
    expect(parse('--version').version).toBe(true);
  });

  it('names the nearest command or option', () => {
    expect(() => parse('subscrbe', 'costs')).toThrowError(usage(/subscrbe/, /"subscribe"/));
    expect(() => parse('up', '--dmeo')).toThrowError(usage(/dmeo/, /"--demo"/));
    expect(() => parse('tail', '--from')).toThrowError(usage(/from/, /./));
  });

  it('helps with every command', () => {
    const text = generalHelp(COMMANDS);
    for (const command of COMMANDS) {
      expect(text).toContain(command.summary);
      for (const option of Object.keys(command.options)) expect(commandHelp(command)).toContain(`--${option}`);
    }
  });
});
