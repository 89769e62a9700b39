/**
 * Quiet runs: the whole product on nine days of history, then live traffic as usual; any alert is a false one.
 *
 *   node bench/quiet.ts [--runs 10] [--seconds 60]
 *
 * The first step of test/end-to-end/anomalies.test.ts is one such run.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openEmbeddedLog } from '@weir/event-log/drivers/embedded';
import { EVENTS } from '@weir/events';
import { sleep } from '@weir/kernel';
import { seededRandom, startReplayProvider, tempDirectory } from '@weir/testkit';
import { callOf, DAY, historyRecords, STREAMS, send } from '../test/support/anomaly-scene.ts';
import { startWeir, waitForRows } from '../test/support/running-weir.ts';

const BRIDGE_MS = 60_000;
const { values } = parseArgs({
  options: { runs: { type: 'string', default: '10' }, seconds: { type: 'string', default: '60' } },
});

async function quietRun(seed: string): Promise<string[]> {
  const random = seededRandom(seed);
  const home = await tempDirectory();
  const replay = await startReplayProvider();
  const settings = (enabled: boolean) => ({ payloads: { store: false }, anomalies: { enabled } });
  let weir = await startWeir(replay.value.url, settings(false), home.value);
  for (const stream of [STREAMS.chat, STREAMS.translate]) await send(weir.ingressUrl, stream, callOf(stream, random));
  await waitForRows(weir, 2);
  const keys = await weir.query<{ provider: string; key: string }>('SELECT provider, api_key_id AS key FROM requests');
  const keyIds = Object.fromEntries(keys.map(({ provider, key }) => [provider, key]));
  const streams = Object.values({ ...STREAMS, pulse: { ...STREAMS.pulse, around: Date.now() } });
  const append = async (from: number, to: number): Promise<number> => {
    const log = openEmbeddedLog({ directory: join(home.value, 'data/log') });
    const records = historyRecords({ streams, from, to, seed: `${seed} ${from}`, keyIds });
    for (let at = 0; at < records.length; at += 2_000) {
      await log.append(EVENTS.request.topic, records.slice(at, at + 2_000));
    }
    await log.close();
    return records.length;
  };
  const now = Date.now();
  const rows = await append(now - 9 * DAY, now);
  await waitForRows(weir, rows + 2, 400_000);
  await weir.stop();
  const fedUntil = Date.now() + BRIDGE_MS;
  await append(now, fedUntil);
  weir = await startWeir(replay.value.url, settings(true), home.value);
  await sleep(Math.max(0, fedUntil - Date.now()));
  const until = Date.now() + Number(values.seconds) * 1_000;
  const calls: Promise<void>[] = [];
  while (Date.now() < until) {
    calls.push(send(weir.ingressUrl, STREAMS.pulse, callOf(STREAMS.pulse, random)));
    await sleep((-Math.log(1 - random.next()) * 3_600_000) / STREAMS.pulse.perHour);
  }
  await Promise.all(calls);
  const found = await weir.query<{ message: string }>('SELECT message FROM anomalies');
  await weir.stop();
  await replay.stop();
  await home.stop();
  return found.map(({ message }) => message);
}

let alerts = 0;
for (let run = 1; run <= Number(values.runs); run += 1) {
  const found = await quietRun(`quiet-${run}`);
  alerts += found.length;
  process.stdout.write(`run ${run}: ${found.length} alerts${found.map((message) => `\n  ${message}`).join('')}\n`);
}
process.stdout.write(`${values.runs} quiet runs: ${alerts} alerts\n`);
