import { AlertBook, type AnomalyAlert } from './alerts/alert-book.ts';
import { type Explanation, SpendLedger } from './attribution/spend-ledger.ts';
import type { EventIds, PricedEvent } from './priced-event.ts';
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
}

/** Of what `save` returns: another one means that it cannot be loaded. */
export const ANOMALY_STATE_VERSION = 1;

const PICO = 1e12;
const HOUR_MS = 3_600_000;
const AGAIN_MS = 20_000;

/** Reads priced events in the order of their time, and says what changed. Does no I/O, and knows no clock but the events'. */
export class AnomalyDetector {
  readonly #streams: Streams;
  readonly #persons = new Persons();
  readonly #users: UserVolume;
  readonly #outages: OutageWatch;
  readonly #surges: SurgeWatch;
  readonly #tokens: TokenWatch;
  readonly #drift: DriftWatch;
  readonly #cache: CacheWatch;
  readonly #failures: FailureWatch;
  readonly #prices: PriceWatch;
  readonly #models: ModelWatch;
  readonly #ledger: SpendLedger;
  readonly #features = new KeyIndex();
  readonly #prompts = new KeyIndex();
  readonly #deps: WatchDeps;
  readonly #book: AlertBook;
  #now = 0;

  constructor({ ids, onAlert, clockOffset }: AnomalyDetectorOptions) {
    this.#book = new AlertBook(onAlert, (finding) => this.#explain(finding));
    this.#streams = new Streams((tenant, ts) => clockOffset?.(ids.tenant.nameOf(tenant), ts) ?? 0);
    const deps = { streams: this.#streams, ids, report: (finding: Finding) => this.#report(finding) };
    this.#deps = deps;
    this.#users = new UserVolume(this.#streams);
    this.#outages = new OutageWatch(deps);
    this.#surges = new SurgeWatch(deps);
    this.#drift = new DriftWatch(deps);
    this.#tokens = new TokenWatch(deps, this.#users, this.#drift);
    this.#cache = new CacheWatch(deps);
    this.#failures = new FailureWatch(deps);
    this.#prices = new PriceWatch(deps);
    this.#models = new ModelWatch(deps, this.#prices);
    this.#ledger = new SpendLedger(this.#streams, this.#prices);
  }

  observe(event: PricedEvent): void {
    this.advance(event.ts);
    const streams = this.#streams;
    const stream = streams.rowOf(event.tenant, event.env, event.feature, event.ts);
    const person = this.#persons.observe(event.tenant, event.user, event.ts);
    const user = this.#users.rowOf(stream, event.user);
    const cost = Number.isNaN(event.cost) ? 0 : event.cost;
    const moment: Moment = { event, stream, user, person, continued: 0, stranger: false, hot: false };
    this.#ledger.keep(moment);
    this.#failures.observe(moment);
    this.#prices.observe(moment);
    if (event.attempt > 1) {
      streams.addCost(stream, cost);
      this.#ledger.learn(moment);
      return;
    }
    this.#announceFeature(moment);
    const gap = event.ts - this.#users.last(user);
    moment.continued = this.#users.observe(user, stream, event.ts, cost);
    const surprise = this.#persons.novelty(person, event.ts);
    moment.stranger = surprise > 5;
    moment.hot = this.#users.isHot(user);
    this.#testUser(moment, surprise);
    if (moment.hot || moment.stranger) return;
    this.#ledger.learn(moment);
    streams.addCost(stream, cost);
    streams.addCall(stream, 1 - moment.continued, gap);
    this.#outages.observe(moment, gap);
    if (event.status !== 429) {
      this.#models.observe(moment);
      this.#tokens.observe(moment);
      this.#cache.observe(moment);
    }
    if (event.prompt >= 0) this.#prompts.rowOf(stream, event.prompt);
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
    this.#streams.turn(tick);
    this.#book.tick(tick);
  }

  #announceFeature({ event, stream }: Moment): void {
    const before = this.#features.rows;
    if (this.#features.rowOf(event.tenant, event.feature) < before) return;
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
      if (this.#prompts.find(stream, event.prompt) < 0) {
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

  #report(finding: Finding): void {
    if (finding.kind === 'outage') this.#streams.freeze(finding.stream, finding.ts + HOUR_MS);
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
      drift: this.#drift.stored,
      cache: this.#cache.stored,
      failures: this.#failures.stored,
      prices: this.#prices.stored,
      models: this.#models.stored,
      ledger: this.#ledger.stored,
      features: this.#features,
      prompts: this.#prompts,
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

  /** Bytes of state, without the names. */
  get bytes(): number {
    return [
      this.#streams,
      this.#persons,
      this.#users,
      this.#outages,
      this.#tokens,
      this.#drift,
      this.#cache,
      this.#failures,
      this.#models,
      this.#ledger,
    ].reduce((sum, part) => sum + part.bytes, 0);
  }
}
