import { AlertBook, type AnomalyAlert } from './alerts/alert-book.ts';
import { type Explanation, SpendLedger } from './attribution/spend-ledger.ts';
import { type EventIds, newEvent, type PricedEvent } from './priced-event.ts';
import { KeyIndex } from './state/key-index.ts';
import { loadParts, type StoredParts, saveParts, storedValue } from './state/stored.ts';
import { TUNING } from './tuning.ts';
import { CacheWatch } from './watch/cache-watch.ts';
import { DriftWatch } from './watch/drift-watch.ts';
import { FailureWatch } from './watch/failure-watch.ts';
import type { Finding } from './watch/finding.ts';
import { ModelWatch } from './watch/model-watch.ts';
import type { Moment, WatchDeps } from './watch/moment.ts';
import { OutageWatch } from './watch/outage.ts';
import { OutputWatch } from './watch/output-watch.ts';
import { Persons } from './watch/persons.ts';
import { PriceWatch } from './watch/price-watch.ts';
import { streamDims } from './watch/stream-dims.ts';
import { Streams } from './watch/streams.ts';
import { SurgeWatch } from './watch/surge-watch.ts';
import { TokenWatch } from './watch/token-watch.ts';
import { UserVolume } from './watch/user-volume.ts';

export interface AnomalyDetectorOptions {
  readonly ids: EventIds;
  readonly onAlert: (alert: AnomalyAlert) => void;
  /** Milliseconds that the clock of a tenant is ahead of UTC at a moment. */
  readonly clockOffset?: (tenant: string, ts: number) => number;
  readonly limits?: Partial<DetectorLimits>;
}

/** What is kept at most. At a limit the sixteenth part of it that costs least, lately, is forgotten, but for a trace. */
export interface DetectorLimits {
  readonly usersOfStreams: number;
  readonly streams: number;
}

/** Of what `save` returns: another one means that it cannot be loaded. */
export const ANOMALY_STATE_VERSION = 3;

const PICO = 1e12;
const HOUR_MS = 3_600_000;
const AGAIN_MS = 20_000;

/** Reads priced events in the order of their time, and says what changed. Does no I/O, and knows no clock but the events'. */
export class AnomalyDetector {
  readonly #streams: Streams;
  readonly #persons: Persons;
  readonly #users: UserVolume;
  readonly #outages: OutageWatch;
  readonly #surges: SurgeWatch;
  readonly #tokens: TokenWatch;
  readonly #outputs: OutputWatch;
  readonly #drift: DriftWatch;
  readonly #cache: CacheWatch;
  readonly #failures: FailureWatch;
  readonly #prices: PriceWatch;
  readonly #models: ModelWatch;
  readonly #ledger: SpendLedger;
  readonly #features = new KeyIndex();
  readonly #moment: Moment = {
    event: newEvent(),
    stream: 0,
    user: 0,
    person: 0,
    continued: 0,
    stranger: false,
    hot: false,
  };
  readonly #deps: WatchDeps;
  readonly #book: AlertBook;
  #now = 0;

  constructor({ ids, onAlert, clockOffset, limits = {} }: AnomalyDetectorOptions) {
    const { usersOfStreams: rowsMax, streams: streamsMax, rowsPerSketchCell } = { ...TUNING.limits, ...limits };
    const sketchWidth = 2 ** Math.ceil(Math.log2(Math.max(64, rowsMax / rowsPerSketchCell)));
    this.#book = new AlertBook(onAlert, (finding) => this.#explain(finding));
    this.#streams = new Streams({
      offsetOf: (tenant, ts) => clockOffset?.(ids.tenant.nameOf(tenant), ts) ?? 0,
      streamsMax,
      onForget: (rows) => this.#forgetStreams(rows),
    });
    this.#persons = new Persons(ids.user, sketchWidth);
    const deps = { streams: this.#streams, ids, report: (finding: Finding) => this.#report(finding) };
    this.#deps = deps;
    this.#users = new UserVolume({
      streams: this.#streams,
      persons: this.#persons,
      users: ids.user,
      rowsMax,
      sketchWidth,
    });
    this.#outages = new OutageWatch(deps);
    this.#surges = new SurgeWatch(deps);
    this.#drift = new DriftWatch(deps);
    this.#tokens = new TokenWatch(deps, this.#users, this.#persons, this.#drift);
    this.#cache = new CacheWatch(deps);
    this.#failures = new FailureWatch(deps);
    this.#prices = new PriceWatch(deps);
    this.#models = new ModelWatch(deps, this.#prices);
    this.#outputs = new OutputWatch(deps, this.#prices, this.#tokens);
    this.#ledger = new SpendLedger(this.#streams, this.#prices);
  }

  observe(event: PricedEvent): void {
    this.advance(event.ts);
    const streams = this.#streams;
    const stream = streams.rowOf(event.tenant, event.env, event.feature, event.ts);
    this.#persons.count(event.tenant, event.ts);
    const user = this.#users.rowOf(stream, event.user, event.ts);
    const person = this.#users.personOf(user);
    const cost = Number.isNaN(event.cost) ? 0 : event.cost;
    const moment = this.#moment;
    moment.event = event;
    moment.stream = stream;
    moment.user = user;
    moment.person = person;
    moment.hot = false;
    if (streams.fresh) this.#announceFeature(moment);
    this.#ledger.keep(moment);
    this.#failures.observe(moment);
    this.#prices.observe(moment);
    if (event.attempt > 1) {
      streams.addCost(stream, cost);
      this.#ledger.learn(moment);
      return;
    }
    const gap = event.ts - this.#users.last(user);
    moment.continued = this.#users.observe(user, stream, event.ts, cost);
    const surprise = this.#persons.novelty(person, event.ts);
    moment.stranger = surprise > 5;
    moment.hot = this.#users.isHot(user);
    this.#testUser(moment, surprise);
    if (moment.hot || moment.stranger) {
      this.#deps.ids.prompt.pass(event.prompt);
      return;
    }
    this.#ledger.learn(moment);
    streams.addCost(stream, cost);
    streams.addCall(stream, 1 - moment.continued, gap);
    this.#outages.observe(moment, gap);
    if (event.status !== 429) {
      this.#models.observe(moment);
      this.#tokens.observe(moment);
      this.#outputs.observe(moment);
      this.#cache.observe(moment);
    }
  }

  /** Event time has reached `ts`: silence is weighed. */
  advance(ts: number): void {
    if (this.#now === 0) this.#now = Math.floor(ts / TUNING.tickMs) * TUNING.tickMs;
    while (ts >= this.#now + TUNING.tickMs) {
      this.#now += TUNING.tickMs;
      this.#streams.accrue(TUNING.tickMs);
      this.#outages.tick(this.#now, TUNING.tickMs);
      this.#streams.turn(this.#now);
      this.#surges.tick(this.#now);
      this.#drift.tick(this.#now);
      this.#book.tick(this.#now);
    }
  }

  /** Nobody watched until `ts`: what did not come in that time is unknown, and no silence. */
  skip(ts: number): void {
    const tick = Math.floor(ts / TUNING.tickMs) * TUNING.tickMs;
    if (tick <= this.#now) return;
    this.#now = tick;
    this.#outages.skip(tick);
    this.#streams.turn(tick);
    this.#book.tick(tick);
  }

  #announceFeature({ event, stream }: Moment): void {
    const known = this.#features.find(event.tenant, event.feature) >= 0;
    if (known || this.#features.size >= TUNING.limits.features) return;
    this.#features.rowOf(event.tenant, event.feature);
    const age = event.ts - this.#persons.firstTsOf(event.tenant);
    if (age < TUNING.life.learnMs) return;
    const { tenant, feature } = streamDims(this.#deps, stream);
    const dims = { tenant: String(tenant), feature: String(feature) };
    this.#report({
      kind: 'new_feature',
      driver: 'new',
      direction: 'up',
      ts: event.ts,
      onset: event.ts,
      dims,
      cause: dims,
      stream,
      nats: 0,
      metric: 'requests',
      observed: 1,
      expected: 0,
      usdAnHour: 0,
      brief: false,
      evidence: { feature: dims.feature },
    });
  }

  #testUser({ event, stream, user, hot }: Moment, surprise: number): void {
    const users = this.#users;
    const nats = users.nats(user);
    let evidence = nats;
    let leak = false;
    if (surprise > 5) {
      if (!this.#tokens.knowsPrompt(stream, event.prompt)) {
        evidence += surprise;
        leak = users.runCalls(user) >= TUNING.user.strangerCalls && evidence > TUNING.user.strangerNats;
      }
    }
    const loop = hot && nats > users.threshold(user) && users.runCalls(user) >= TUNING.user.leastCalls;
    if (!leak && !loop) return;
    if (event.ts - users.reported(user) < AGAIN_MS) return;
    const age = event.ts - this.#streams.firstTs(stream);
    const habit = users.isHabit(user, event.ts);
    users.markReported(user, event.ts);
    if (habit || age < TUNING.life.learnMs) return;
    const { ids } = this.#deps;
    const hours = Math.max(60_000, event.ts - users.onset(user)) / HOUR_MS;
    const name = ids.user.nameOf(event.user);
    const scope = streamDims(this.#deps, stream);
    const key = ids.key.nameOf(event.key);
    const known = surprise <= 5;
    this.#report({
      kind: known ? 'runaway_loop' : 'key_leak',
      driver: 'requests',
      direction: 'up',
      ts: event.ts,
      onset: users.onset(user),
      dims: { ...scope, user: name },
      cause: known ? { ...scope, user: name } : { tenant: String(scope.tenant), key, user: name },
      stream,
      nats: evidence,
      metric: 'requests_per_hour',
      observed: users.runCalls(user) / hours,
      expected: users.usualRate(user, stream) * HOUR_MS,
      usdAnHour: users.runCost(user) / PICO / hours,
      brief: true,
      evidence: known ? {} : { user: `new: ${name}`, prompt: ids.prompt.nameOf(event.prompt) },
    });
  }

  #forgetStreams(rows: ReadonlySet<number>): void {
    this.#users.forgetStreams(rows);
    this.#book.forgetStreams(rows);
    for (const row of rows) {
      for (const watch of [
        this.#outages,
        this.#surges,
        this.#tokens,
        this.#outputs,
        this.#drift,
        this.#cache,
        this.#models,
      ]) {
        watch.forget(row);
      }
      this.#ledger.forget(row);
    }
  }

  #report(finding: Finding): void {
    if (finding.kind === 'outage' && finding.stream >= 0) this.#streams.freeze(finding.stream, finding.ts + HOUR_MS);
    this.#book.report(finding);
  }

  /** The calls that a finding is about, from its onset on. */
  #explain({ stream, dims, onset, ts }: Finding): Explanation | undefined {
    const { ids } = this.#deps;
    const all = Array.from({ length: this.#streams.rows }, (_, row) => row);
    const tenant = dims.tenant === undefined ? undefined : ids.tenant.idOf(dims.tenant);
    const streams =
      stream >= 0 ? [stream] : all.filter((row) => tenant === undefined || this.#streams.tenantOf(row) === tenant);
    const wide = stream < 0;
    return this.#ledger.explain({
      streams,
      since: onset,
      until: ts,
      ...(wide && dims.provider !== undefined ? { provider: ids.provider.idOf(dims.provider) } : {}),
      ...(wide && dims.model !== undefined ? { model: ids.model.idOf(dims.model) } : {}),
    });
  }

  /** The whole state, to be serialised; the names of the events' numbers are the caller's to keep. */
  save(): unknown {
    return saveParts(this.#parts());
  }

  load(saved: unknown): void {
    loadParts(this.#parts(), saved);
  }

  #parts(): StoredParts {
    return {
      streams: this.#streams.stored,
      persons: this.#persons.stored,
      users: this.#users.stored,
      outages: this.#outages.stored,
      surges: this.#surges.stored,
      tokens: this.#tokens.stored,
      outputs: this.#outputs.stored,
      drift: this.#drift.stored,
      cache: this.#cache.stored,
      failures: this.#failures.stored,
      prices: this.#prices.stored,
      models: this.#models.stored,
      ledger: this.#ledger.stored,
      features: this.#features,
      book: this.#book.stored,
      now: storedValue(
        () => this.#now,
        (now) => {
          this.#now = now;
        },
      ),
    };
  }

  /** Users of streams that have a state. */
  get keys(): number {
    return this.#users.size;
  }

  /** Users of streams that made room for others. */
  get evicted(): number {
    return this.#users.evicted;
  }

  /** Bytes of state, without the names. */
  get bytes(): number {
    return [
      this.#streams,
      this.#persons,
      this.#users,
      this.#outages,
      this.#surges,
      this.#tokens,
      this.#outputs,
      this.#drift,
      this.#cache,
      this.#failures,
      this.#models,
      this.#ledger,
    ].reduce((sum, part) => sum + part.bytes, 0);
  }
}
