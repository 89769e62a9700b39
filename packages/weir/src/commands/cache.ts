import { WeirError } from '@weir/kernel';
import { openCache } from '../open-cache.ts';
import type { Command, CommandInput } from './command.ts';
import { queryOverHttp } from './sql.ts';

export const cache: Command = {
  name: 'cache',
  usage: 'purge|estimate',
  summary: 'Take cached answers out; or tell from the ledger what a cache would have saved.',
  options: {
    gateway: { value: 'id', help: 'only of this gateway' },
    account: { value: 'id', help: 'only of this account' },
    key: { value: 'key', help: 'only the entry of this cf-aig-cache-key' },
    prefix: { value: 'text', help: 'only entries whose cf-aig-cache-key begins so' },
    all: { help: 'all there is, when nothing else is named' },
    ttl: {
      value: 'seconds',
      help: 'estimate: how long answers would be kept; several with commas (60,300,3600,86400)',
    },
    days: { value: 'n', help: 'estimate: how far back (7)' },
    json: { help: 'estimate: JSON lines instead of a table' },
  },
  examples: [
    'npm start -- cache purge --gateway team',
    'npm start -- cache purge --gateway team --prefix news-',
    'npm start -- cache purge --all',
    'npm start -- cache estimate --gateway team --ttl 300,3600',
  ],
  run: runCache,
};

async function runCache(input: CommandInput): Promise<number> {
  const [action] = input.positionals;
  if (action === 'purge') return purge(input);
  if (action === 'estimate') return estimate(input);
  throw new WeirError('CLI_USAGE', 'cache needs an action', {
    fix: 'weir cache purge --gateway <id>, or weir cache estimate',
  });
}

const TTLS = '60,300,3600,86400';

async function estimate({ settings, options, out, signal }: CommandInput): Promise<number> {
  const ttls = String(options['ttl'] ?? TTLS).split(',');
  const days = String(options['days'] ?? '7');
  if (![...ttls, days].every((number) => /^[1-9]\d{0,6}$/.test(number))) {
    throw new WeirError('CLI_USAGE', '--ttl and --days take whole numbers', {
      fix: 'weir cache estimate --ttl 300 --days 7',
    });
  }
  const filters = (['gateway', 'account'] as const).flatMap((name) => {
    const value = options[name];
    return typeof value === 'string' ? [`${name} = '${value.replaceAll(/[\\']/g, '\\$&')}'`] : [];
  });
  const where = filters.length === 0 ? '' : ` WHERE ${filters.join(' AND ')}`;
  const query = ttls
    .map((ttl) => `SELECT ${ttl} AS ttl_s, * FROM cache_estimate(ttl = ${ttl}, days = ${days})${where}`)
    .join(' UNION ALL ');
  const format = options['json'] === true ? 'JSONEachRow' : 'PrettyCompactMonoBlock';
  const text = await queryOverHttp(settings, `${query} ORDER BY account, gateway, feature, ttl_s`, format, signal);
  out(text.trimEnd());
  return 0;
}

async function purge({ settings, options, out, err }: CommandInput): Promise<number> {
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
  const opened = await openCache(settings, err);
  try {
    const gone = await opened.purge(selection);
    out(`${gone} ${gone === 1 ? 'entry' : 'entries'} purged`);
  } finally {
    await opened.close();
  }
  return 0;
}
