import { createHash, randomBytes } from 'node:crypto';
import type { Command } from './command.ts';

/** 256 bits: nothing to guess, so that a plain hash is enough to keep. */
const TOKEN_BYTES = 32;
const NAME = /^[A-Za-z0-9_-]{1,64}$/;
/** Says what it is, to people and to scanners for leaked secrets. */
const PREFIX = 'weir_';

export const token: Command = {
  name: 'token',
  usage: '[name]',
  summary: 'Make a gateway token: prints it once, and its hash for weir.yaml.',
  options: {},
  examples: ['npm start -- token team-a'],
  run: async ({ positionals, out }) => {
    const [given = 'team-a'] = positionals;
    const name = NAME.test(given) ? given : 'team-a';
    const made = `${PREFIX}${randomBytes(TOKEN_BYTES).toString('base64url')}`;
    const hash = createHash('sha256').update(made).digest('hex');
    out(
      [
        `Token, shown this once; send it as "cf-aig-authorization: Bearer …", or as the provider's key:`,
        `  ${made}`,
        '',
        'Its hash, for weir.yaml:',
        'tokens:',
        `  ${name}:`,
        `    hash: sha256:${hash}`,
      ].join('\n'),
    );
    return 0;
  },
};
