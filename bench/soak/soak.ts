/**
 * The long run: a Weir of separate processes around a real Kafka, calls without end, deaths without mercy; then every
 * call that a client saw finish must be in the ledger once, at the amount that the provider billed.
 *
 *   node bench/soak/soak.ts --requests 1000000 --kills 60 --seed 7
 *
 * Ctrl-C stops in order and leaves state in --directory; `--resume` goes on from there.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openKafkaLog } from '@weir/event-log/drivers/kafka';
import { seededRandom, startKafka, startReplayProvider, waitFor } from '@weir/testkit';
import { type RunningServices, startServices } from '../../test/support/running-services.ts';
import { childrenOf } from '../../test/support/running-weir.ts';
import { printTable } from '../support/report.ts';
import { CallBook } from './call-book.ts';
import { runChaos } from './chaos.ts';
import { checkLedger } from './check-ledger.ts';
import { watchMemory } from './memory-watch.ts';
import { sendCalls } from './send-calls.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000000' },
    kills: { type: 'string', default: '60' },
    seed: { type: 'string', default: '7' },
    concurrency: { type: 'string', default: '24' },
    'broker-away-s': { type: 'string', default: '60' },
    'warehouse-away-s': { type: 'string', default: '30' },
    directory: { type: 'string', default: './data/soak' },
    resume: { type: 'boolean', default: false },
  },
});
const calls = Number(values.requests);
const directory = resolve(values.directory);
const stateFile = join(directory, 'state.json');
const bookFile = join(directory, 'calls.bin');
if (!values.resume && existsSync(stateFile)) {
  throw new Error(`${directory} holds a run: give --resume to go on, or another --directory`);
}
mkdirSync(directory, { recursive: true });
const book = new CallBook(calls);
const before = values.resume ? (JSON.parse(readFileSync(stateFile, 'utf8')) as { readonly sent: number }) : { sent: 0 };
if (values.resume) book.load(readFileSync(bookFile));

const started = performance.now();
const log = (text: string): void => {
  const seconds = ((performance.now() - started) / 1_000).toFixed(0).padStart(5);
  process.stderr.write(`${seconds} s  ${text}\n`);
};
const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());

log('starting Kafka and the services');
const replay = await startReplayProvider({ outputTokens: { min: 4, max: 24 }, seed: values.seed });
const kafka = await startKafka({ directory: join(directory, 'kafka') });
const services: RunningServices = await startServices({
  kafka: kafka.value.bootstrap,
  providerUrl: replay.value.url,
  directory,
  partitions: 4,
  settings: { loader: { linger_ms: 500 }, payloads: { store: false } },
});

let sent = before.sent;
const fold = (): void => book.fold(replay.value.served);
const folding = setInterval(fold, 1_000);
const ingressChildren = (): number[] => childrenOf(services.pidOf('ingress-1'));
const memory = watchMemory(function* () {
  for (const name of services.names()) yield [name, services.pidOf(name)] as const;
  for (const [index, pid] of ingressChildren().entries()) yield [`ingress child ${index + 1}`, pid] as const;
});
const poisonLog = openKafkaLog({ brokers: [kafka.value.bootstrap] });
const { next: random } = seededRandom(values.seed);
const sending = sendCalls({
  ingressUrl: services.ingressUrl,
  from: before.sent,
  calls,
  concurrency: Number(values.concurrency),
  book,
  signal: interrupt.signal,
  onProgress(number) {
    sent = number;
    if (number % 20_000 === 0) log(`${number} calls`);
  },
});
const chaos = runChaos({
  services,
  broker: kafka.value,
  ingressChildren,
  random,
  kills: Number(values.kills),
  progress: () => (sent - before.sent) / Math.max(1, calls - before.sent),
  brokerAwayMs: Number(values['broker-away-s']) * 1_000,
  warehouseAwayMs: Number(values['warehouse-away-s']) * 1_000,
  async poison() {
    const records = [{ key: randomUUID(), value: Buffer.from('not an event') }];
    await poisonLog.append('weir.requests', records).catch(() => log('the poison was not taken'));
  },
  log,
  signal: interrupt.signal,
});
const sendReport = await sending;
const sendSeconds = (performance.now() - started) / 1_000;
const chaosReport = await chaos;
fold();
log(`sent in ${sendSeconds.toFixed(0)} s; waiting for the ledger`);

let check = await checkLedger(services.sqlUrl, book);
await waitFor(
  async () => {
    const last = check.rows;
    check = await checkLedger(services.sqlUrl, book);
    log(`${check.rows} rows, ${check.missing} of ${check.finished} finished calls without one`);
    return interrupt.signal.aborted || (check.missing === 0 && check.rows === last);
  },
  { what: 'every finished call to have its row', timeoutMs: 900_000, intervalMs: 5_000 },
).catch((error: unknown) => log(String(error)));
const drainSeconds = (performance.now() - started) / 1_000 - sendSeconds;

clearInterval(folding);
memory.stop();
await poisonLog.close();
await services.stop();
await kafka.stop();
await replay.stop();
writeFileSync(bookFile, book.save());
writeFileSync(stateFile, JSON.stringify({ sent, seed: values.seed }));

const exact = check.missing === 0 && check.doubled === 0 && check.misstated === 0 && check.ledgerUsd === check.billUsd;
printTable('soak', [
  {
    requests: String(sent),
    'finished / broken / refused': `${sendReport.finished} / ${sendReport.broken} / ${sendReport.refused}`,
    kills: `${chaosReport.kills} ${JSON.stringify(chaosReport.byName)}`,
    'away, s': `broker ${chaosReport.brokerAwayMs / 1_000}, warehouse ${chaosReport.warehouseAwayMs / 1_000}`,
    'storms, poison': `${chaosReport.storms}, ${chaosReport.poison}`,
    'sent in, drained in, s': `${sendSeconds.toFixed(0)}, ${drainSeconds.toFixed(0)}`,
  },
]);
printTable('ledger', [Object.fromEntries(Object.entries(check).map(([key, value]) => [key, String(value)]))]);
printTable(
  'memory, MiB',
  memory.lines().map(({ name, early, late, most }) => ({
    process: name,
    'second quarter': String(early),
    'last quarter': String(late),
    most: String(most),
  })),
);
process.stdout.write(exact ? '\nexact\n' : '\nNOT EXACT\n');
process.exitCode = exact ? 0 : 1;
