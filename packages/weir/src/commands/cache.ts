import { WeirError } from '@weir/kernel';
import { openCache } from '../open-cache.ts';
import type { Command, CommandInput } from './command.ts';

export const cache: Command = {
  name: 'cache',
  usage: 'purge',
  summary: 'Take cached answers out, of a gateway, an account, by key or by prefix.',
  options: {
    gateway: { value: 'id', help: 'only of this gateway' },
    account: { value: 'id', help: 'only of this account' },
    key: { value: 'key', help: 'only the entry of this cf-aig-cache-key' },
    prefix: { value: 'text', help: 'only entries whose cf-aig-cache-key begins so' },
    all: { help: 'all there is, when nothing else is named' },
  },
  examples: [
    'npm start -- cache purge --gateway team',
    'npm start -- cache purge --gateway team --prefix news-',
    'npm start -- cache purge --all',
  ],
  run: runCache,
};

async function runCache(input: CommandInput): Promise<number> {
  const [action] = input.positionals;
  if (action === 'purge') return purge(input);
  throw new WeirError('CLI_USAGE', 'cache needs an action', { fix: 'weir cache purge --gateway <id>' });
}

async function purge({ settings, options, out }: CommandInput): Promise<number> {
  const selection = Object.fromEntries(
    ['gateway', 'account', 'key', 'prefix'].flatMap((name) => {
      const value = options[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
  if (Object.keys(selection).length === 0 && options['all'] !== true) {
    throw new WeirError('CLI_USAGE', 'what is to be purged is not named', {
      fix: 'Name --gateway, --account, --key or --prefix; or say --all.',
    });
  }
  if (settings.config.cache.url === 'memory:') {
    throw new WeirError('CLI_URL_UNSUPPORTED', 'a cache in memory cannot be reached from outside its process', {
      fix: 'Set cache.url to file:<directory> or redis://…; a restart empties a cache in memory.',
    });
  }
  const opened = await openCache(settings);
  try {
    const gone = await opened.purge(selection);
    out(`${gone} ${gone === 1 ? 'entry' : 'entries'} purged`);
  } finally {
    await opened.close();
  }
  return 0;
}
