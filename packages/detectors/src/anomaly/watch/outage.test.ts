import { expect, it } from 'vitest';
import { AnomalyDetector } from '../anomaly-detector.ts';
import { EventIds, newEvent } from '../priced-event.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const START = Date.UTC(2026, 10, 1);
const STOP = START + 9 * DAY_MS + 12.3 * HOUR_MS;

/** Numbers in [0, 1), the same in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

/** Outages of one stream that is called between 11 and 13 o'clock only, and one day stops in the middle of that. */
function outagesOf(callsAMinute: number, seed: number): { readonly ts: number; readonly state: string }[] {
  const random = numbers(seed);
  const ids = new EventIds();
  const found: { ts: number; state: string }[] = [];
  const detector = new AnomalyDetector({
    ids,
    onAlert: ({ kind, ts, state }) => {
      if (kind === 'outage') found.push({ ts, state });
    },
  });
  const event = newEvent();
  event.tenant = ids.tenant.idOf('acme');
  event.env = ids.env.idOf('prod');
  event.feature = ids.feature.idOf('pulse');
  event.cost = 5_000_000;
  event.input = 300;
  event.output = 50;
  for (let day = 0; day <= 9; day += 1) {
    const end = Math.min(START + day * DAY_MS + 13 * HOUR_MS, STOP);
    let ts = START + day * DAY_MS + 11 * HOUR_MS;
    for (;;) {
      ts += (-Math.log(1 - random()) * MINUTE_MS) / callsAMinute;
      if (ts >= end) break;
      event.ts = ts;
      event.id += 1;
      event.user = ids.user.idOf(`u-${Math.floor(random() * 400)}`);
      detector.observe(event);
    }
  }
  for (let ts = STOP; ts <= STOP + 5 * MINUTE_MS; ts += MINUTE_MS / 4) detector.advance(ts);
  return found;
}

it.each([
  [40, 1],
  [40, 2],
  [120, 3],
  [200, 4],
])('a stream of %i calls a minute is silent when its calls stop, and at no other time', (callsAMinute, seed) => {
  const found = outagesOf(callsAMinute, seed);
  expect(found).toEqual([{ ts: expect.any(Number), state: 'open' }]);
  expect((found[0]?.ts ?? 0) - STOP).toBeGreaterThan(0);
  expect((found[0]?.ts ?? 0) - STOP).toBeLessThanOrEqual(MINUTE_MS);
});
