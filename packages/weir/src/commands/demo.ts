import { WeirError } from '@weir/kernel';
import { runDemoTraffic } from '@weir/testkit';
import { readRunFile } from '../run-file.ts';
import type { Command } from './command.ts';
import { up } from './up.ts';

export const demo: Command = {
  name: 'demo',
  usage: '',
  summary: 'Send varied traffic through Weir without a key; starts a Weir in demo mode when none runs.',
  options: {
    requests: { value: 'count', help: 'how many requests to send to a running demo (default 200)' },
    rate: { value: 'per-second', help: 'how many a second (default 20)' },
  },
  examples: ['npm start -- demo', 'npm start -- demo --requests 1000 --rate 50'],
  async run(input) {
    const running = readRunFile(input.settings.runDirectory);
    if (running === undefined) return up.run({ ...input, options: { ...input.options, demo: true } });
    if (running.demoProviderUrl === null) {
      throw new WeirError('CLI_ALREADY_RUNNING', `the Weir at ${running.ingressUrl} is not in demo mode`, {
        fix: 'Stop it and run `npm start -- --demo`: a demo must not reach real providers.',
      });
    }
    const requests = positive('requests', input.options['requests'] ?? '200');
    const summary = await runDemoTraffic({
      baseUrl: running.ingressUrl,
      requests,
      ratePerSecond: positive('rate', input.options['rate'] ?? '20'),
      signal: input.signal,
      onProgress: ({ sent }) => {
        if (sent % 50 === 0) input.err(`sent ${sent} of ${requests}`);
      },
    });
    input.out(JSON.stringify(summary));
    return 0;
  },
};

function positive(name: string, value: string | boolean): number {
  const number = Number(value);
  if (Number.isFinite(number) && number > 0) return number;
  throw new WeirError('CLI_USAGE', `--${name} is "${String(value)}"`, { fix: 'Give a positive number.' });
}
