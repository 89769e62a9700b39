import { remembered } from '@weir/kernel';

/** Answer headers that were meant for one caller at one time. */
const NOT_STORED: ReadonlySet<string> = new Set([
  'set-cookie',
  'date',
  'age',
  'retry-after',
  'alt-svc',
  'cf-aig-cache-status',
]);
const NOT_STORED_PREFIXES = ['x-ratelimit', 'ratelimit', 'anthropic-ratelimit'] as const;

/** Names as providers spell them: they come again with each answer. */
const NAMES = 256;
const isStored = remembered(NAMES, (name) => {
  const lower = name.toLowerCase();
  return !NOT_STORED.has(lower) && !NOT_STORED_PREFIXES.some((prefix) => lower.startsWith(prefix));
});

/** Of an answer's headers (flat list), those that go with it when it is given again. */
export function storedHeaders(forward: readonly string[]): string[] {
  const stored: string[] = [];
  for (let index = 0; index + 1 < forward.length; index += 2) {
    const name = forward[index] ?? '';
    if (isStored(name)) stored.push(name, forward[index + 1] ?? '');
  }
  return stored;
}

/** Whether a client that sent this `Accept-Encoding` can read a body of this `Content-Encoding`. */
export function isAccepted(encoding: string, acceptEncoding: string | undefined): boolean {
  if (encoding === '' || encoding === 'identity') return true;
  const accepted = (acceptEncoding ?? '').toLowerCase().split(',');
  return encoding
    .toLowerCase()
    .split(',')
    .every((name) => accepted.some((entry) => isNamed(entry.trim(), name.trim())));
}

function isNamed(entry: string, encoding: string): boolean {
  const [name = '', ...parameters] = entry.split(';').map((part) => part.trim());
  return (name === encoding || name === '*') && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
}
