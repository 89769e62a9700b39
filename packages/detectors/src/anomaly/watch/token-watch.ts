import { cusum } from '../models/cusum.ts';
import { type NextCall, predictNext } from '../models/session-mean.ts';
import { estimateShift, shiftLogBayesFactor } from '../models/shift-evidence.ts';
import { filterShift, type ShiftFilter } from '../models/shift-filter.ts';
import { KeyIndex } from '../state/key-index.ts';
import { RecordTable } from '../state/record-table.ts';
import { type Stored, storedParts, storedValue } from '../state/stored.ts';
import { TUNING } from '../tuning.ts';
import type { DriftWatch } from './drift-watch.ts';
import type { Moment, WatchDeps } from './moment.ts';
import type { Persons } from './persons.ts';
import { streamDims } from './stream-dims.ts';
import type { UserVolume } from './user-volume.ts';

const T = TUNING.tokens;
/** Per stream. */
const CALLS = 0;
const ORIGIN = 1;
const OFFSET = 2;
const OFFSET_VARIANCE = 3;
const AT = 4;
const SQUARES = 5;
const SQUARES_N = 6;
const PRODUCTS = 7;
const PRODUCTS_N = 8;
const CURRENT = 9;
const BLIND = 10;
const BLIND_ONSET = BLIND + 2;
/** Mean habit of the users who call: what the habits take from the sizes, their mean gives back to the drift. */
const HABITS = BLIND + 3;
/** New prompts, fading by one call in a hundred. */
const CHURN = BLIND + 4;
const STREAM_FIELDS = BLIND + 5;
/** Per prompt of a stream. */
const MEAN = 0;
const N = 1;
const FIRST = 2;
const SCORE = 3;
const WEIGHT = 4;
const STATE = 5;
const SUM = 6;
const WANDER = 7;
const ABSORBED = 8;
const VARIANCE = 9;
const LAST = 10;
const SESSIONS = 11;
const PROMPT_FIELDS = 12;

const SETTLED = 0;
const WATCHED = 1;
const SHIFTED = 2;
/** Stands for all prompts of a stream where each call has one of its own. */
const NO_PROMPT = -2;
const WIDE_PRIOR = 1;

/** Input tokens per request: log sizes against the stream's own, with the user's habit and the session taken out. */
export class TokenWatch {
  readonly #deps: WatchDeps;
  readonly #users: UserVolume;
  readonly #drift: DriftWatch;
  readonly #streams = new RecordTable(STREAM_FIELDS);
  readonly #promptIndex = new KeyIndex();
  readonly #prompts = new RecordTable(PROMPT_FIELDS);
  readonly #persons: Persons;
  /** Rows of the prompts of each stream. */
  #promptsOf: number[][] = [];
  readonly #shift: ShiftFilter = { wander: 0, absorbed: 0, variance: 0, score: 0, weight: 0 };
  readonly #next: NextCall = { mean: 0, variance: 1, gain: 1 };

  constructor(deps: WatchDeps, users: UserVolume, persons: Persons, drift: DriftWatch) {
    this.#deps = deps;
    this.#persons = persons;
    this.#users = users;
    this.#drift = drift;
  }

  /** What a snapshot holds. */
  readonly stored: Stored = storedParts({
    streams: this.#streams,
    promptIndex: this.#promptIndex,
    prompts: this.#prompts,
    promptsOf: storedValue(
      () => this.#promptsOf,
      (promptsOf) => {
        this.#promptsOf = promptsOf;
      },
    ),
  });

  get bytes(): number {
    return this.#streams.bytes + this.#prompts.bytes + this.#promptIndex.bytes + 8 * this.#promptIndex.size;
  }

  observe(moment: Moment): void {
    const { event, stream, person, continued } = moment;
    if (event.input <= 0) return;
    const table = this.#streams;
    table.reach(stream);
    const size = Math.log(event.input);
    if (table.get(stream, CALLS) === 0) {
      table.set(stream, ORIGIN, size);
      table.set(stream, CURRENT, -1);
      table.set(stream, AT, event.ts);
      table.set(stream, OFFSET_VARIANCE, T.wanderVariance);
    }
    table.set(stream, CHURN, 0.99 * table.get(stream, CHURN));
    const prompt = this.#promptRow(stream, event.prompt, event.ts, size);
    this.#letWander(stream, event.ts);
    const spread = Math.max(
      0.01,
      table.get(stream, SQUARES_N) < 20 ? 1 : table.get(stream, SQUARES) / table.get(stream, SQUARES_N),
    );
    const habit = Math.sqrt(spread) * this.#persons.habit(person);
    const base = this.#prompts.get(prompt, MEAN) + table.get(stream, OFFSET);
    const limit = T.clip * Math.sqrt(spread);
    const residual = Math.max(-limit, Math.min(limit, size - habit - base));
    const between = this.#between(stream, spread);
    const sessionCalls = this.#users.sessionCalls(moment.user) * continued;
    predictNext(this.#users.sessionSum(moment.user) * continued, sessionCalls, between, spread - between, this.#next);
    const { mean, variance, gain } = this.#next;
    const score = (gain * (residual - mean)) / variance;
    const weight = (gain * gain) / variance;
    if (continued > 0.9 && sessionCalls > 0.5) {
      const before = this.#users.sessionSum(moment.user) / this.#users.sessionCalls(moment.user);
      table.add(stream, PRODUCTS, residual * before * Math.min(3, sessionCalls));
      table.add(stream, PRODUCTS_N, Math.min(3, sessionCalls));
    }
    this.#users.addToSession(moment.user, residual, continued);
    table.add(stream, CALLS, 1);
    table.add(stream, HABITS, (habit - table.get(stream, HABITS)) / Math.min(T.habitCalls, table.get(stream, CALLS)));
    this.#learn(moment, prompt, residual, score, weight, base + table.get(stream, HABITS));
  }

  #promptRow(stream: number, promptId: number, ts: number, size: number): number {
    const prompts = this.#prompts;
    const known = this.#promptIndex.find(stream, promptId);
    if (known >= 0) {
      if (prompts.get(known, STATE) !== WATCHED) prompts.set(known, LAST, ts);
      return known;
    }
    const churn = this.#streams.get(stream, CHURN) + 1;
    this.#streams.set(stream, CHURN, churn);
    // A fingerprint that changes with nearly every call says nothing: such a stream has one prompt, of no name.
    if (promptId !== NO_PROMPT && churn > T.churnMax && this.#streams.get(stream, CALLS) % T.churnTrial !== 0) {
      if (promptId >= 0) this.#deps.ids.prompt.pass(promptId);
      return this.#promptRow(stream, NO_PROMPT, ts, size);
    }
    const current = this.#streams.get(stream, CURRENT);
    this.#makeRoom(stream, current);
    const row = this.#promptIndex.rowOf(stream, promptId);
    prompts.reach(row);
    const own = this.#promptsOf[stream];
    if (own === undefined) this.#promptsOf[stream] = [row];
    else own.push(row);
    if (promptId >= 0) this.#deps.ids.prompt.hold(promptId);
    const isFirst = current < 0;
    prompts.set(row, MEAN, isFirst ? size : prompts.get(current, MEAN));
    prompts.set(row, FIRST, ts);
    prompts.set(row, LAST, ts);
    prompts.set(row, VARIANCE, this.#streams.get(stream, OFFSET_VARIANCE));
    const mature = this.#streams.get(stream, CALLS) >= T.leastCalls;
    prompts.set(row, STATE, mature && promptId !== NO_PROMPT ? WATCHED : SETTLED);
    if (isFirst) this.#streams.set(stream, CURRENT, row);
    return row;
  }

  /** Of a stream with many prompts, the one that was not used for longest is forgotten. */
  #makeRoom(stream: number, current: number): void {
    const own = this.#promptsOf[stream];
    if (own === undefined || own.length < T.promptsMax) return;
    const prompts = this.#prompts;
    let oldest = -1;
    for (const row of own) {
      if (row !== current && (oldest < 0 || prompts.get(row, LAST) < prompts.get(oldest, LAST))) oldest = row;
    }
    this.#forgetPrompt(oldest);
    own.splice(own.indexOf(oldest), 1);
  }

  #forgetPrompt(row: number): void {
    const prompt = this.#promptIndex.secondOf(row);
    this.#promptIndex.delete(row);
    this.#prompts.clear(row);
    if (prompt >= 0) this.#deps.ids.prompt.letGo(prompt);
  }

  forget(stream: number): void {
    for (const row of this.#promptsOf[stream] ?? []) this.#forgetPrompt(row);
    delete this.#promptsOf[stream];
    if (stream < this.#streams.rows) this.#streams.clear(stream);
  }

  /** When the stream used the prompt first; long ago for one that is not told from others. */
  promptSince(stream: number, prompt: number): number {
    const row = this.#promptIndex.find(stream, prompt);
    return row < 0 ? 0 : this.#prompts.get(row, FIRST);
  }

  /** The stream has used the prompt. */
  knowsPrompt(stream: number, prompt: number): boolean {
    return this.#promptIndex.find(stream, prompt) >= 0;
  }

  /** The Ornstein-Uhlenbeck wander of the stream between two looks: towards zero, and less certain. */
  #letWander(stream: number, ts: number): void {
    const table = this.#streams;
    const kept = Math.exp(-Math.max(0, ts - table.get(stream, AT)) / T.wanderMs);
    table.set(stream, OFFSET, table.get(stream, OFFSET) * kept);
    const variance = kept * kept * table.get(stream, OFFSET_VARIANCE) + (1 - kept * kept) * T.wanderVariance;
    table.set(stream, OFFSET_VARIANCE, variance);
    table.set(stream, AT, ts);
  }

  #between(stream: number, spread: number): number {
    const n = this.#streams.get(stream, PRODUCTS_N);
    const covariance = (this.#streams.get(stream, PRODUCTS) + 20 * 0.3 * spread) / (n + 20);
    return Math.max(0.02 * spread, Math.min(0.9 * spread, covariance));
  }

  #learn(moment: Moment, prompt: number, residual: number, score: number, weight: number, expected: number): void {
    const { event, stream, person, continued } = moment;
    const table = this.#streams;
    const prompts = this.#prompts;
    prompts.add(prompt, N, 1);
    prompts.add(prompt, SESSIONS, 1 - continued);
    prompts.add(prompt, SUM, event.input);
    const state = prompts.get(prompt, STATE);
    const level = expected - table.get(stream, ORIGIN);
    if (state === WATCHED) {
      this.#drift.add(stream, event.ts, score + weight * level, weight, prompt);
      this.#filter(prompt, event.ts, score / weight, 1 / weight);
      this.#testPrompt(moment, prompt);
      return;
    }
    const started = 1 - 0.7 * continued;
    table.add(stream, SQUARES, residual * residual);
    table.add(stream, SQUARES_N, 1);
    const spread = table.get(stream, SQUARES) / table.get(stream, SQUARES_N);
    if (table.get(stream, SQUARES_N) > 50 && spread > 0) {
      this.#persons.learnHabit(person, (started * residual) / Math.sqrt(spread), started);
    }
    if (state === SHIFTED && event.ts - prompts.get(prompt, FIRST) < TUNING.life.adoptMs) return;
    if (state === SHIFTED) prompts.set(prompt, STATE, SETTLED);
    table.set(stream, CURRENT, prompt);
    // Kalman update of the wander; the mean of the prompt follows far more slowly.
    const variance = table.get(stream, OFFSET_VARIANCE);
    const after = 1 / (1 / variance + weight);
    table.set(stream, OFFSET_VARIANCE, after);
    table.set(stream, OFFSET, table.get(stream, OFFSET) + after * score);
    const n = prompts.get(prompt, N);
    prompts.set(
      prompt,
      MEAN,
      prompts.get(prompt, MEAN) + (residual + table.get(stream, OFFSET)) / (Math.min(n, 5_000) + 30),
    );
    this.#drift.add(stream, event.ts, score + weight * level, weight, prompt);
    this.#testBlind(moment, score, weight);
  }

  #testPrompt({ event, stream }: Moment, prompt: number): void {
    const prompts = this.#prompts;
    const age = event.ts - prompts.get(prompt, FIRST);
    const score = prompts.get(prompt, SCORE);
    const weight = prompts.get(prompt, WEIGHT);
    const nats = shiftLogBayesFactor(score, weight, T.shifts, T.shiftVariance, T.editVariance);
    const shift = estimateShift(score, weight, WIDE_PRIOR);
    const enough = prompts.get(prompt, N) >= T.watchedCalls && prompts.get(prompt, SESSIONS) >= T.watchedSessions;
    if (nats > T.threshold && enough) {
      this.#settle(prompt, shift, SHIFTED);
      this.#found(event.ts, stream, prompt, nats, shift);
    } else if (age > T.watchMs || nats < T.settleNats) {
      this.#settle(prompt, shift, SETTLED);
    }
  }

  #filter(prompt: number, ts: number, residual: number, noise: number): void {
    const prompts = this.#prompts;
    const filter = this.#shift;
    filter.wander = prompts.get(prompt, WANDER);
    filter.absorbed = prompts.get(prompt, ABSORBED);
    filter.variance = prompts.get(prompt, VARIANCE);
    filter.score = prompts.get(prompt, SCORE);
    filter.weight = prompts.get(prompt, WEIGHT);
    const kept = Math.exp((prompts.get(prompt, LAST) - ts) / T.wanderMs);
    filterShift(filter, residual, noise, kept, T.wanderVariance);
    prompts.set(prompt, LAST, ts);
    prompts.set(prompt, WANDER, filter.wander);
    prompts.set(prompt, ABSORBED, filter.absorbed);
    prompts.set(prompt, VARIANCE, filter.variance);
    prompts.set(prompt, SCORE, filter.score);
    prompts.set(prompt, WEIGHT, filter.weight);
  }

  #settle(prompt: number, shift: number, state: number): void {
    this.#prompts.add(prompt, MEAN, shift);
    this.#prompts.set(prompt, STATE, state);
  }

  #found(ts: number, stream: number, prompt: number, nats: number, shift: number): void {
    const { streams, ids, report } = this.#deps;
    const dims = { ...streamDims(this.#deps, stream), prompt: ids.prompt.nameOf(this.#promptIndex.secondOf(prompt)) };
    const current = this.#streams.get(stream, CURRENT);
    const beforeId = this.#promptIndex.secondOf(current);
    const before = beforeId < 0 ? 'many' : ids.prompt.nameOf(beforeId);
    const usual = this.#prompts.get(current, SUM) / Math.max(1, this.#prompts.get(current, N));
    report({
      kind: 'prompt_change',
      driver: 'input_tokens',
      direction: shift > 0 ? 'up' : 'down',
      ts,
      onset: this.#prompts.get(prompt, FIRST),
      dims,
      cause: dims,
      stream,
      nats,
      metric: 'input_tokens_per_request',
      observed: usual * Math.exp(shift),
      expected: usual,
      usdAnHour: (streams.usdADay(stream, ts) / 24) * (Math.exp(shift) - 1) * 0.7,
      brief: false,
      evidence: { prompt: `${before} -> ${String(dims.prompt)}`, tokens_ratio: Math.exp(shift).toFixed(3) },
    });
  }

  #testBlind({ event, stream }: Moment, score: number, weight: number): void {
    const table = this.#streams;
    if (table.get(stream, CALLS) < T.leastCalls) return;
    let most = 0;
    for (let at = 0; at < T.blindShifts.length; at += 1) {
      const shift = T.blindShifts[at] as number;
      // Half of the shift is given away: what wanders must not add up.
      const sum = cusum(table.get(stream, BLIND + at), shift * score - 0.75 * shift * shift * weight);
      table.set(stream, BLIND + at, sum);
      most = Math.max(most, sum);
    }
    if (most === 0) table.set(stream, BLIND_ONSET, event.ts);
    if (most < T.blindThreshold) return;
    for (let at = 0; at < T.blindShifts.length; at += 1) table.set(stream, BLIND + at, 0);
    const { streams, report } = this.#deps;
    const dims = streamDims(this.#deps, stream);
    const shift = table.get(stream, OFFSET);
    report({
      kind: 'token_shift',
      driver: 'input_tokens',
      direction: 'up',
      ts: event.ts,
      onset: table.get(stream, BLIND_ONSET),
      dims,
      cause: dims,
      stream,
      nats: most,
      metric: 'input_tokens_per_request',
      observed: Math.exp(shift),
      expected: 1,
      usdAnHour: (streams.usdADay(stream, event.ts) / 24) * (Math.exp(shift) - 1),
      brief: false,
      evidence: {},
    });
  }
}
