import fc from 'fast-check';

type Edit =
  | { readonly kind: 'insert' | 'replace'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'cut' | 'repeat'; readonly at: number; readonly length: number };

/** Bytes that mean something to one parser or another. */
const TOKENS = [
  ...[
    '{',
    '}',
    '[',
    ']',
    '"',
    '\\',
    '\\u0000',
    '\\ud800',
    ':',
    ',',
    'null',
    '1e999',
    '-0',
    '9007199254740993',
    '-1',
    '""',
  ],
  ...['data: ', 'event: ', 'id: ', ': ', '\n', '\r', '\r\n', '\n\n', '[DONE]', '\0', '\u2028', '\ufeff', 'é', '😀'],
  ...[
    '..',
    '/',
    '//',
    '%2f',
    '%2e',
    '%5c',
    '\\',
    '@',
    '#',
    '?',
    '%',
    '%zz',
    ':',
    '"usage":',
    '"usage":{}',
    '"__proto__":',
  ],
].map((text) => new TextEncoder().encode(text));
const RAW = [
  [0xff],
  [0xc3],
  [0xf0, 0x9f],
  [0, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
];

const piece = fc.oneof(
  fc.constantFrom(...TOKENS, ...RAW.map((bytes) => Uint8Array.from(bytes))),
  fc.uint8Array({ minLength: 1, maxLength: 8 }),
);
const place = fc.double({ min: 0, max: 1, noNaN: true });
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ kind: fc.constantFrom('insert' as const, 'replace' as const), at: place, bytes: piece }),
  fc.record({ kind: fc.constant('cut' as const), at: place, length: fc.nat(64) }),
  fc.record({ kind: fc.constant('repeat' as const), at: place, length: fc.nat(2_000) }),
);

/** One of the seeds with a few edits, or bytes of no form at all. */
export function mutatedBytes(seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edited = fc
    .tuple(fc.constantFrom(...seeds), fc.array(edit, { maxLength: 8 }))
    .map(([seed, edits]) => edits.reduce(apply, seed));
  return fc.oneof({ weight: 9, arbitrary: edited }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) });
}

/** The same as text, one character a byte where a header is meant. */
export function mutatedText(seeds: readonly string[], encoding: 'utf8' | 'latin1' = 'utf8'): fc.Arbitrary<string> {
  const bytes = seeds.map((seed) => new TextEncoder().encode(seed));
  return mutatedBytes(bytes).map((edited) => Buffer.from(edited).toString(encoding));
}

function apply(bytes: Uint8Array, change: Edit): Uint8Array {
  const at = Math.floor(change.at * bytes.length);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (change.kind) {
    case 'insert':
      return Buffer.concat([before, change.bytes, after]);
    case 'replace':
      return Buffer.concat([before, change.bytes, after.subarray(change.bytes.length)]);
    case 'cut':
      return Buffer.concat([before, after.subarray(change.length)]);
    case 'repeat':
      return Buffer.concat([before, ...Array.from({ length: 3 }, () => after.subarray(0, change.length)), after]);
  }
}
