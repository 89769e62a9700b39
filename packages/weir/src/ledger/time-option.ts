import { WeirError } from '@weir/kernel';
import type { CommandInput } from '../commands/command.ts';

/** A moment given as an option, ms since the epoch; a date is its midnight UTC. @throws WeirError `CLI_USAGE`. */
export function timeOption({ options }: Pick<CommandInput, 'options'>, name: string, fallback: number): number {
  const text = options[name];
  if (text === undefined) return fallback;
  const time = Date.parse(String(text));
  if (Number.isNaN(time)) {
    throw new WeirError('CLI_USAGE', `--${name} is "${String(text)}"`, { fix: 'Write it like 2026-11-20T14:00Z.' });
  }
  return time;
}

/** The window of `--from` and `--to`, half-open. @throws WeirError `CLI_USAGE` without a start, or when empty. */
export function windowOption(input: Pick<CommandInput, 'options'>, now: number): { fromMs: number; toMs: number } {
  if (input.options['from'] === undefined) {
    throw new WeirError('CLI_USAGE', 'there is no --from', { fix: 'Give the start of the window: --from 2026-11-01.' });
  }
  const window = { fromMs: timeOption(input, 'from', 0), toMs: timeOption(input, 'to', now) };
  if (window.fromMs < window.toMs) return window;
  throw new WeirError('CLI_USAGE', '--from is not before --to', { fix: 'Swap them.' });
}
