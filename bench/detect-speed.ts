/**
 * Events per second of CPU time that the anomaly detector takes, decoded and as JSON lines, and its bytes a key.
 *
 *   node bench/detect-speed.ts [--flood]
 *
 * `--flood` adds ten million users who come once each.
 */
import { AnomalyDetector, EventIds, EventLineReader, newEvent, type PricedEvent } from '@weir/detectors';
import { printTable } from './support/report.ts';

const EVENTS = 1_000_000;
const START = Date.UTC(2026, 0, 5);
const STREAMS = 200;

const randomOf = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

/** Lines as a gateway of `keys` users would write them, `perSecond` a second. */
function linesOf(keys: number, perSecond: number): Uint8Array {
  const random = randomOf(keys);
  const lines: string[] = [];
  for (let id = 1; id <= EVENTS; id += 1) {
    const ts = START + Math.floor((id * 1_000) / perSecond);
    const user = Math.floor(keys * random());
    const stream = user % STREAMS;
    const input = 200 + Math.floor(8_000 * random() ** 2);
    const cached = random() < 0.4 ? Math.floor(input / 2) : 0;
    const out = 20 + Math.floor(400 * random());
    const cost = (input - cached) * 2_500 + cached * 1_250 + out * 10_000;
    lines.push(
      `{"ts":${ts},"id":${id},"tenant":"t${stream % 20}","env":"prod","feature":"f${stream}","user":"u-${user}",` +
        `"provider":"openai","model":"gpt-4o","prompt":"p-${stream}","key":"k-${stream}","in":${input},"cached":${cached},` +
        `"out":${out},"status":200,"attempt":1,"cost_nusd":${cost}}\n`,
    );
  }
  return Buffer.from(lines.join(''));
}

const cpuSeconds = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
};

function readAll(bytes: Uint8Array, reader: EventLineReader, into: PricedEvent, then: () => void): void {
  let start = 0;
  for (let end = bytes.indexOf(10, start); end >= 0; end = bytes.indexOf(10, start)) {
    reader.read(bytes, start, end, into);
    then();
    start = end + 1;
  }
}

const rows: Record<string, string>[] = [];
for (const keys of [2_000, 100_000, 1_000_000]) {
  const bytes = linesOf(keys, 2_000);
  const ids = new EventIds();
  const reader = new EventLineReader(ids);
  const event = newEvent();
  const decoded: PricedEvent[] = [];
  readAll(bytes, reader, event, () => decoded.push({ ...event }));
  const detector = new AnomalyDetector({ ids, onAlert: () => undefined });
  for (const one of decoded) detector.observe(one);
  // The same events later: the state is there, the code is warm.
  const shift = (decoded.at(-1)?.ts ?? START) - START + 1;
  for (const one of decoded) one.ts += shift;
  let before = process.cpuUsage();
  for (const one of decoded) detector.observe(one);
  const observing = cpuSeconds(before);
  const lined = new AnomalyDetector({ ids, onAlert: () => undefined });
  before = process.cpuUsage();
  readAll(bytes, reader, event, () => lined.observe(event));
  const reading = cpuSeconds(before);
  rows.push({
    'users × streams': detector.keys.toLocaleString('en-US'),
    'decoded events/s': Math.round(EVENTS / observing).toLocaleString('en-US'),
    'JSON lines/s': Math.round(EVENTS / reading).toLocaleString('en-US'),
    'state MB': (detector.bytes / 1e6).toFixed(0),
    'bytes a key': (detector.bytes / detector.keys).toFixed(0),
  });
}
printTable('detector, one core', rows);

/** Users who call once each: the state must stay what it is when it is full. */
function flood(users: number): Record<string, string> {
  const ids = new EventIds();
  const detector = new AnomalyDetector({ ids, onAlert: () => undefined });
  const event = { ...newEvent(), input: 1_000, output: 100, cost: 3_500_000_000 };
  for (const name of ['tenant', 'env', 'feature', 'provider', 'model', 'prompt', 'key'] as const)
    event[name] = ids[name].idOf('one');
  const before = process.cpuUsage();
  for (let id = 1; id <= users; id += 1) {
    event.ts = START + id;
    event.id = id;
    event.user = ids.user.idOf(`u-${id}`);
    detector.observe(event);
  }
  return {
    'distinct users': users.toLocaleString('en-US'),
    'events/s': Math.round(users / cpuSeconds(before)).toLocaleString('en-US'),
    kept: detector.keys.toLocaleString('en-US'),
    forgotten: detector.evicted.toLocaleString('en-US'),
    'state MB': (detector.bytes / 1e6).toFixed(0),
    'names MB': (ids.bytes / 1e6).toFixed(0),
    'process MB': (process.memoryUsage().rss / 1e6).toFixed(0),
  };
}

if (process.argv.includes('--flood')) printTable('every user comes once', [flood(10_000_000)]);
