/** Portkey's gateway from npm, installed on first use into `WEIR_CACHE` (default ~/.cache/weir). */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { freePort } from '@weir/testkit';

const VERSION = '1.15.2';
/** Later versions of these answer every stream with 500. */
const MANIFEST = {
  private: true,
  dependencies: { '@portkey-ai/gateway': VERSION },
  overrides: { hono: '4.9.7', '@hono/node-server': '1.13.5' },
};

const folder = join(process.env['WEIR_CACHE'] ?? join(homedir(), '.cache', 'weir'), `portkey-${VERSION}`);
const entry = join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js');
if (!existsSync(entry)) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify(MANIFEST));
  execFileSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'ignore' });
}
const port = await freePort();
process.env['NODE_ENV'] = 'production';
process.env['TRUSTED_CUSTOM_HOSTS'] = '127.0.0.1,localhost';
process.argv.push('--headless', `--port=${port}`);
await import(pathToFileURL(entry).href);
for (;;) {
  const answered = await fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false,
  );
  if (answered) break;
}
console.log(`ready ${port}`);
