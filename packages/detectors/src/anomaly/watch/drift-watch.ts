import { type Block, fitRamp, type TrendNoise } from '../models/linear-trend.ts';
import { RecordTable } from '../state/record-table.ts';
import { type Stored, storedParts, storedValue } from '../state/stored.ts';
import { TUNING } from '../tuning.ts';
import type { WatchDeps } from './moment.ts';
import { streamDims } from './stream-dims.ts';

const DAY_MS = 24 * 3_600_000;
const BLOCK_MS = DAY_MS / 4;
const BLOCKS = TUNING.drift.days * 4;
const SCORE = 0;
const WEIGHT = BLOCKS;
const NUMBER = 2 * BLOCKS;
const PROMPT = 3 * BLOCKS;
const FIELDS = 4 * BLOCKS;
const NOISE: TrendNoise = {
  wanderVariance: TUNING.tokens.wanderVariance,
  wanderBlocks: TUNING.tokens.wanderMs / BLOCK_MS,
  groupVariance: TUNING.tokens.editVariance,
  slopeVariance: (TUNING.drift.slopeADay / 4) ** 2,
};
/** Onsets that are tried, in days before now. */
const ONSET_DAYS = [3, 4, 5, 6, 7, 8, 9, 10, 11];

/** Tokens per request that creep: the mean of each quarter of a day, over two weeks. */
export class DriftWatch {
  readonly #deps: WatchDeps;
  readonly #table = new RecordTable(FIELDS);
  #block = -1;

  constructor(deps: WatchDeps) {
    this.#deps = deps;
  }

  /** What a snapshot holds. */
  readonly stored: Stored = storedParts({
    table: this.#table,
    block: storedValue(
      () => this.#block,
      (block) => {
        this.#block = block;
      },
    ),
  });

  get bytes(): number {
    return this.#table.bytes;
  }

  forget(stream: number): void {
    if (stream < this.#table.rows) this.#table.clear(stream);
  }

  /** A call: its score and weight, and the row of its prompt. */
  add(stream: number, ts: number, score: number, weight: number, prompt: number): void {
    const table = this.#table;
    table.reach(stream);
    const block = Math.floor(ts / BLOCK_MS);
    const slot = block % BLOCKS;
    if (table.get(stream, NUMBER + slot) !== block) {
      table.set(stream, NUMBER + slot, block);
      table.set(stream, SCORE + slot, 0);
      table.set(stream, WEIGHT + slot, 0);
    }
    table.add(stream, SCORE + slot, score);
    table.add(stream, WEIGHT + slot, weight);
    table.set(stream, PROMPT + slot, prompt);
  }

  tick(ts: number): void {
    const block = Math.floor(ts / BLOCK_MS);
    if (block === this.#block) return;
    this.#block = block;
    for (let stream = 0; stream < this.#table.rows; stream += 1) this.#test(stream, ts, block);
  }

  #test(stream: number, ts: number, now: number): void {
    const { streams, report } = this.#deps;
    const { threshold, leastRise, leastOverStep } = TUNING.drift;
    const usdADay = streams.usdADay(stream, ts);
    if (usdADay * leastRise < TUNING.money.leastUsdADay / 4) return;
    const blocks = this.#blocks(stream, now);
    const first = blocks[0];
    if (first === undefined || blocks.length < TUNING.drift.leastBlocks || now - first.at < 8 * 4) return;
    const onsets = ONSET_DAYS.map((days) => now - days * 4).filter((onset) => onset - first.at >= 4 * 4);
    const trend = fitRamp(blocks, now, onsets, NOISE);
    if (trend.nats < threshold || trend.rise < leastRise || trend.overStep < leastOverStep) return;
    // A drift goes on: what is at stake is what it comes to if nobody stops it for some days.
    const ahead = (trend.rise / (now - trend.onset)) * 4 * TUNING.drift.aheadDays;
    const dims = streamDims(this.#deps, stream);
    report({
      kind: 'slow_drift',
      driver: 'input_tokens',
      direction: 'up',
      ts,
      onset: trend.onset * BLOCK_MS,
      dims,
      cause: dims,
      stream,
      nats: trend.nats,
      metric: 'input_tokens_per_request',
      observed: Math.exp(trend.rise),
      expected: 1,
      usdAnHour: (usdADay / 24) * (Math.exp(trend.rise + ahead) - 1),
      brief: false,
      evidence: { rise: `x${Math.exp(trend.rise).toFixed(3)}` },
    });
  }

  #blocks(stream: number, now: number): Block[] {
    const table = this.#table;
    const blocks: Block[] = [];
    for (let at = now - BLOCKS + 1; at < now; at += 1) {
      const slot = ((at % BLOCKS) + BLOCKS) % BLOCKS;
      const weight = table.get(stream, WEIGHT + slot);
      if (table.get(stream, NUMBER + slot) !== at || weight < 10) continue;
      blocks.push({
        at,
        mean: table.get(stream, SCORE + slot) / weight,
        variance: 1 / weight + TUNING.drift.dayVariance,
        group: table.get(stream, PROMPT + slot),
      });
    }
    return blocks;
  }
}
