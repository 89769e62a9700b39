/**
 * The two commands of the README, on a machine with only Node >= 18 and npm: installs what is missing with the pinned
 * pnpm, then hands over to Node 24. Plain JavaScript, no dependencies, because it runs before there are any.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const modules = join(root, 'node_modules');
const stampFile = join(modules, '.weir-install');
const node24 = join(modules, '.bin', 'node');
const NEEDED_BYTES = 2 * 1024 ** 3;

/** One clear line and what to do, then the end. */
function fail(problem, fix) {
  process.stderr.write(`weir: ${problem}\n      ${fix}\n`);
  process.exit(1);
}

function checkPlatform() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 18) fail(`Node ${process.versions.node} is too old.`, 'Install Node 20 or newer.');
  const supported = { linux: ['x64', 'arm64'], darwin: ['x64', 'arm64'] };
  if (!supported[process.platform]?.includes(process.arch)) {
    const system = `${process.platform}-${process.arch}`;
    fail(
      `${system} has no embedded ClickHouse engine.`,
      'Use Linux (glibc) or macOS on x64 or arm64; on Windows, WSL 2.',
    );
  }
  if (process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime) {
    fail('this Linux uses musl; the embedded ClickHouse engine needs glibc.', 'Use a Debian, Ubuntu or Fedora image.');
  }
}

/** Changes when anything that an installation depends on changes. */
function installStamp() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`);
  const manifests = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml'];
  for (const group of ['packages', 'services']) {
    for (const name of readdirSync(join(root, group)).sort()) manifests.push(join(group, name, 'package.json'));
  }
  for (const file of manifests) if (existsSync(join(root, file))) hash.update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

function explainInstallFailure(output) {
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ECONNRESET|ERR_SOCKET/.test(output)) {
    fail(
      'cannot reach the package registry.',
      'Check the network and proxy (npm config get registry), then try again.',
    );
  }
  if (/ENOSPC/.test(output)) fail('the disk is full.', 'Free about 2 GB, then try again.');
  if (/EACCES|EPERM/.test(output)) fail('no permission to write here.', `Make ${root} writable, then try again.`);
  if (/FROZEN_LOCKFILE|OUTDATED_LOCKFILE/.test(output)) {
    fail('pnpm-lock.yaml does not match package.json.', 'Run `npx pnpm@10 install` and commit the lock file.');
  }
  fail('the installation failed; the lines above say why.', 'Correct it and try again.');
}

function checkDisk() {
  const { bavail, bsize } = statfsSync(root);
  if (bavail * bsize < NEEDED_BYTES) {
    fail(
      `only ${Math.floor((bavail * bsize) / 1024 ** 2)} MB free in ${root}.`,
      'Weir installs about 2 GB; free some space.',
    );
  }
}

async function install() {
  const stamp = installStamp();
  if (existsSync(stampFile) && existsSync(node24) && readFileSync(stampFile, 'utf8') === stamp) return;
  checkDisk();
  const pnpm = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager;
  process.stderr.write(`weir: installing (once; about 600 MB, a minute or two) with ${pnpm}\n`);
  const npx = process.platform === 'win32' ? 'npx.cmd' : 'npx';
  const child = spawn(npx, ['--yes', pnpm, 'install', '--frozen-lockfile', '--reporter=append-only'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    // `npm --silent` would silence pnpm too, its errors included.
    env: { ...process.env, npm_config_loglevel: 'info', npm_config_update_notifier: 'false', CI: 'true' },
  });
  let output = '';
  const show = (chunk) => {
    const text = chunk.toString();
    output = (output + text).slice(-64 * 1024);
    for (const line of text.split('\n')) {
      if (/^Progress|ERR_|ERROR|error/.test(line)) process.stderr.write(`weir: ${line.trim()}\n`);
    }
  };
  child.stdout.on('data', show);
  child.stderr.on('data', show);
  const code = await new Promise((resolve) => {
    child.on('error', (error) => {
      output += String(error);
      resolve(1);
    });
    child.on('close', resolve);
  });
  if (code !== 0) {
    process.stderr.write(output.split('\n').slice(-25).join('\n'));
    explainInstallFailure(output);
  }
  const version = spawnSync(node24, ['--version'], { encoding: 'utf8' });
  if (version.status !== 0) fail('Node 24 was not installed.', 'Delete node_modules and try again.');
  mkdirSync(modules, { recursive: true });
  writeFileSync(stampFile, stamp);
  process.stderr.write(`weir: installed, running on Node ${version.stdout.trim().slice(1)}\n`);
}

/** Replaces this process as far as Node can: signals, exit code and standard streams are the child's. */
function handOver(script, parameters) {
  const path = `${join(modules, '.bin')}:${process.env.PATH ?? ''}`;
  const child = spawn(node24, [join(root, script), ...parameters], {
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('close', (code, signal) => {
    process.exit(code ?? (signal === 'SIGINT' ? 130 : 1));
  });
}

const [command, ...parameters] = process.argv.slice(2);
checkPlatform();
await install();
if (command === 'start') {
  // `npm start -- --demo` and `npm start -- --help` speak to `weir up`; `npm start -- sql "…"` to any command.
  const isCommand = parameters[0] !== undefined && !parameters[0].startsWith('-');
  handOver('packages/weir/src/main.ts', isCommand ? parameters : ['up', ...parameters]);
} else if (command === 'test') {
  handOver('infra/tooling/run-tests.ts', parameters);
} else {
  fail(`unknown command "${command ?? ''}".`, 'Use `npm start` or `npm test`.');
}
