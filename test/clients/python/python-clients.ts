import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Started } from '@weir/kernel';
import { type ClientAnswer, type ClientFamily, WEATHER } from '../support/official-client.ts';
import type { PythonClients } from './locate-python-clients.ts';

type Reply = { readonly id: number } & (
  | { readonly answer: ClientAnswer }
  | { readonly error: { readonly name: string; readonly status: number | null; readonly text: string } }
);

/** What a Python client threw. */
class PythonError extends Error {
  readonly status: number | undefined;

  constructor(name: string, status: number | null, text: string) {
    super(text);
    this.name = name;
    this.status = status ?? undefined;
  }
}

/** One Python process that asks for all tests. */
export type AskPython = (question: object) => Promise<ClientAnswer>;

export async function startPython({ python, path }: PythonClients): Promise<Started<AskPython>> {
  const child = spawn(python, [join(import.meta.dirname, 'ask-clients.py')], {
    env: { ...process.env, PYTHONPATH: path },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting = new Map<number, PromiseWithResolvers<ClientAnswer>>();
  const ready = Promise.withResolvers<void>();
  let asked = 0;
  createInterface(child.stdout).on('line', (line) => {
    if (line === 'ready') {
      ready.resolve();
      return;
    }
    const reply = JSON.parse(line) as Reply;
    const waiter = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ('answer' in reply) waiter?.resolve(reply.answer);
    else waiter?.reject(new PythonError(reply.error.name, reply.error.status, reply.error.text));
  });
  const ended = once(child, 'exit');
  void ended.then(([code]) => {
    const error = new Error(`python ended with ${code}`);
    ready.reject(error);
    for (const waiter of waiting.values()) waiter.reject(error);
  });
  await ready.promise;
  return {
    value: (question) => {
      asked += 1;
      const waiter = Promise.withResolvers<ClientAnswer>();
      waiting.set(asked, waiter);
      child.stdin.write(`${JSON.stringify({ id: asked, ...question })}\n`);
      return waiter.promise;
    },
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

/** The official Python clients; `ask` gives the process that runs them. */
export function pythonClients(ask: () => AskPython): readonly ClientFamily[] {
  const family = (client: string, more: Pick<ClientFamily, 'provider' | 'model' | 'rates'>): ClientFamily => ({
    ...more,
    name: `python ${client}`,
    errors: { 400: 'BadRequestError', 401: 'AuthenticationError', 429: 'RateLimitError' },
    describeError: (error) => {
      const { name, status } = error as PythonError;
      return { name, status };
    },
    create: ({ fetch, ...settings }) => ({
      ask: ({ prompt, stream = false, tool = false }) =>
        // A transport of the test's own means the universal endpoint, which these clients can post to.
        ask()({ ...settings, client, prompt, stream, tool, universal: fetch !== undefined, weather: WEATHER }),
    }),
  });
  return [
    family('openai', {
      provider: 'openai',
      model: 'gpt-4o-mini',
      rates: { input: 150_000n, output: 600_000n },
    }),
    family('anthropic', {
      provider: 'anthropic',
      model: 'claude-haiku-4-5',
      rates: { input: 1_000_000n, output: 5_000_000n },
    }),
  ];
}
