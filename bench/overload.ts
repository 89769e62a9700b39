/**
 * Twice what it can take: calls come at twice the measured rate for `--minutes`, whatever the answers; then the load
 * stops, and the ledger must hold every call that a client saw finish, once.
 *
 *   node bench/overload.ts --minutes 10
 *
 * Client and provider cost more than Weir does, so on one small machine Weir is held back (Linux): all its processes are
 * bound to one core, which they share with others that never rest; client and provider have the other core.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startReplayProvider } from '@weir/testkit';
import { Agent, request } from 'undici';
import { childrenOf, startWeir } from '../test/support/running-weir.ts';
import { CallBook } from './soak/call-book.ts';
import { checkLedger } from './soak/check-ledger.ts';
import { watchMemory } from './soak/memory-watch.ts';
import { printTable } from './support/report.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, 'calibrate-s': { type: 'string', default: '15' } },
});
const CALLS_MAX = 5_000_000;
/** Calls in flight of the open loop, beyond which a tick sends nothing: the client is not to be what breaks. */
const IN_FLIGHT_MAX = 4_000;
const TICK_MS = 10;
/** Busy processes on Weir's core. */
const HOGS = 6;
/** Small limits, so that the log fills and every answer to overload is seen. */
const LIMITS = { requests: { max_bytes: 96 * 1024 * 1024, retention_bytes: 4 * 1024 * 1024, retention_ms: 1_000 } };

const book = new CallBook(CALLS_MAX);
const replay = await startReplayProvider({ outputTokens: { min: 4, max: 24 } });
const weir = await startWeir(replay.value.url, {
  ingress: { calls_in_flight_max: 100 },
  log: LIMITS,
  loader: { linger_ms: 500 },
  payloads: { store: false },
});
const dispatcher = new Agent({ connections: 2_000, headersTimeout: 60_000, bodyTimeout: 60_000 });
const hogs = holdBack();
const counts = { sent: 0, finished: 0, refused: 0, refusedWithoutRetryAfter: 0, broken: 0 };
const brokenBy = new Map<string, number>();
let inFlight = 0;
const folding = setInterval(() => book.fold(replay.value.served), 500);
const memory = watchMemory(function* () {
  const supervisor = weir.process.child.pid ?? 0;
  for (const [index, pid] of childrenOf(supervisor).entries()) {
    yield [index === 0 ? 'pipeline' : `ingress ${index}`, pid] as const;
  }
});

function holdBack(): ChildProcess[] {
  if (process.platform !== 'linux') return [];
  const supervisor = weir.process.child.pid ?? 0;
  for (const pid of [supervisor, ...childrenOf(supervisor)]) spawnSync('taskset', ['-acp', '0', String(pid)]);
  spawnSync('taskset', ['-acp', '1', String(process.pid)]);
  return Array.from({ length: HOGS }, () => spawn('taskset', ['-c', '0', process.execPath, '-e', 'for (;;);']));
}

async function call(): Promise<void> {
  const number = counts.sent;
  counts.sent += 1;
  inFlight += 1;
  try {
    const { statusCode, headers, body } = await request(`${weir.ingressUrl}/openai/v1/chat/completions`, {
      method: 'POST',
      dispatcher,
      headers: {
        'content-type': 'application/json',
        authorization: 'Bearer overload',
        'x-request-id': `call-${number}`,
        'cf-aig-metadata': `{"call":"${number}"}`,
      },
      body: JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: `Call ${number}` }] }),
    });
    await body.arrayBuffer();
    if (statusCode === 200) {
      book.finished(number);
      counts.finished += 1;
    } else if (statusCode === 503 || statusCode === 429) {
      counts.refused += 1;
      if (headers['retry-after'] === undefined) counts.refusedWithoutRetryAfter += 1;
    } else counts.broken += 1;
  } catch (error) {
    counts.broken += 1;
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    brokenBy.set(reason, (brokenBy.get(reason) ?? 0) + 1);
  } finally {
    inFlight -= 1;
  }
}

/** Calls a second that finish when 64 are always in flight. */
async function capacity(seconds: number): Promise<number> {
  const before = counts.finished;
  const end = performance.now() + seconds * 1_000;
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      while (performance.now() < end) await call();
    }),
  );
  return (counts.finished - before) / seconds;
}

const rate = await capacity(Number(values['calibrate-s']));
process.stderr.write(`it takes ${Math.round(rate)} calls/s; ${Math.round(rate * 2)} for ${values.minutes} minutes\n`);
const loadStarted = performance.now();
const end = loadStarted + Number(values.minutes) * 60_000;
let due = 0;
let lastTick = loadStarted;
let told = loadStarted;
while (performance.now() < end) {
  await pause(TICK_MS);
  const now = performance.now();
  due += (rate * 2 * (now - lastTick)) / 1_000;
  lastTick = now;
  for (; due >= 1; due -= 1) if (inFlight < IN_FLIGHT_MAX) void call();
  if (performance.now() - told > 30_000) {
    told = performance.now();
    process.stderr.write(`${Math.round((told - loadStarted) / 1_000)} s  ${JSON.stringify({ ...counts, inFlight })}\n`);
  }
}
const stoppedAt = performance.now();
let recoveredMs: number | undefined;
while (recoveredMs === undefined && performance.now() - stoppedAt < 120_000) {
  const ready = await fetch(`${weir.ingressUrl}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
  const before = counts.finished;
  if (ready && inFlight === 0) await call();
  if (counts.finished > before) recoveredMs = performance.now() - stoppedAt;
  else await pause(100);
}
const again = await capacity(5);
let check = await checkLedger(weir.sqlUrl, book);
while (check.missing > 0 && performance.now() - stoppedAt < 600_000) {
  await pause(2_000);
  check = await checkLedger(weir.sqlUrl, book);
}
const drainedS = (performance.now() - stoppedAt) / 1_000;
clearInterval(folding);
memory.stop();
for (const hog of hogs) hog.kill('SIGKILL');
await dispatcher.close();
await weir.stop();
await replay.stop();
const text = (record: object): Record<string, string> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, String(value)]));
printTable('overload', [
  text({
    'takes, calls/s': Math.round(rate),
    'offered, calls/s': Math.round(rate * 2),
    minutes: values.minutes,
    ...counts,
    'takes calls again after, s': ((recoveredMs ?? Number.NaN) / 1_000).toFixed(1),
    'calls/s afterwards': Math.round(again),
    'ledger whole after, s': drainedS.toFixed(0),
  }),
]);
if (brokenBy.size > 0) printTable('broken', [text(Object.fromEntries(brokenBy))]);
printTable('ledger', [text(check)]);
printTable('memory, MiB', memory.lines().map(text));
const exact = check.missing === 0 && check.doubled === 0 && check.misstated === 0;
process.stdout.write(exact && counts.refusedWithoutRetryAfter === 0 ? '\nexact\n' : '\nNOT EXACT\n');
process.exitCode = exact ? 0 : 1;
