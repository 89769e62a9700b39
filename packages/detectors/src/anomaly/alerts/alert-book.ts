import { picoToText } from '@weir/kernel';
import { SPEND_DRIVERS, type SpendDriver } from '../attribution/decompose.ts';
import type { Explanation } from '../attribution/spend-ledger.ts';
import type { Dims } from '../priced-event.ts';
import { type Stored, storedValue } from '../state/stored.ts';
import { TUNING } from '../tuning.ts';
import type { AnomalyKind, Direction, Driver, Finding } from '../watch/finding.ts';
import { isProduction } from '../watch/stream-dims.ts';
import { describe } from './describe.ts';

export type AlertSeverity = 'info' | 'low' | 'medium' | 'high';
export type AlertState = 'open' | 'update' | 'resolved';

export interface AnomalyAlert {
  readonly id: string;
  /** Rises with each alert of one id, from 1. */
  readonly version: number;
  readonly ts: number;
  readonly started_at: number;
  readonly severity: AlertSeverity;
  readonly state: AlertState;
  readonly kind: AnomalyKind;
  readonly driver: Driver;
  readonly direction: Direction;
  readonly dims: Dims;
  readonly attributed: readonly { readonly dims: Dims; readonly share: number }[];
  readonly metric: string;
  readonly observed: number;
  readonly expected: number;
  readonly usd_an_hour: number;
  readonly nats: number;
  readonly evidence: Readonly<Record<string, string>>;
  readonly spend: AlertSpend | null;
  /** Of calls it is about, the dearest first. */
  readonly sample_ids: readonly number[];
  readonly message: string;
}

/** The change of spend in the calls since the onset, exactly; amounts are decimal text. */
export interface AlertSpend {
  readonly span_minutes: number;
  readonly now_usd: string;
  readonly usual_usd: string;
  /** They add up to now − usual to the last digit; the largest first. `share` is of the whole change. */
  readonly parts: readonly { readonly driver: SpendDriver; readonly delta_usd: string; readonly share: number }[];
}

interface OpenAlert {
  finding: Finding;
  severity: AlertSeverity;
  lastTs: number;
  id: string;
  /** Of the newest alert that was told. */
  version: number;
}

/** Alerts at once: at the limit the oldest is over. */
const OPEN_MAX = 20_000;

const RANK: Record<AlertSeverity, number> = { info: 0, low: 1, medium: 2, high: 3 };
/** Never more than this, whatever it costs: nothing is wrong with a surge or a launch. */
const INFO_ONLY: ReadonlySet<AnomalyKind> = new Set(['traffic_surge', 'new_feature']);
/** Found again and again while it lasts, which is for days. */
const LASTING: ReadonlySet<AnomalyKind> = new Set(['slow_drift', 'price_change', 'unpriced_model']);
/** Found at every event while it lasts: silence means that it is over. */
const REPEATED: ReadonlySet<AnomalyKind> = new Set([
  'runaway_loop',
  'key_leak',
  'model_swap',
  'outage',
  'retry_storm',
  'cache_collapse',
]);
/** Kinds that change what a request of a stream looks like: the first of them explains the others. */
const ABOUT_REQUESTS: ReadonlySet<AnomalyKind> = new Set([
  'prompt_change',
  'token_shift',
  'slow_drift',
  'model_swap',
  'cache_collapse',
]);

/** One change, one alert: what is already told, or explained by what is told, is not told again. */
export class AlertBook {
  #open = new Map<string, OpenAlert>();
  #resolved = new Set<string>();
  readonly #explain: (finding: Finding) => Explanation | undefined;
  readonly #emit: (alert: AnomalyAlert) => void;

  /** What a snapshot holds. */
  readonly stored: Stored = storedValue(
    () => ({ open: this.#open, resolved: this.#resolved }),
    ({ open, resolved }) => {
      this.#open = open;
      this.#resolved = resolved;
    },
  );

  constructor(emit: (alert: AnomalyAlert) => void, explain: (finding: Finding) => Explanation | undefined) {
    this.#emit = emit;
    this.#explain = explain;
  }

  report(finding: Finding): void {
    const severity = severityOf(finding);
    const key = JSON.stringify([finding.kind, finding.direction, finding.cause]);
    const known = this.#open.get(key);
    if (known !== undefined && finding.ts - known.lastTs < repeatMsOf(finding.kind)) {
      known.lastTs = finding.ts;
      this.#resolved.delete(key);
      if (RANK[severity] <= RANK[known.severity]) return;
      const state = known.severity === 'info' ? 'open' : 'update';
      known.severity = severity;
      // When it began is part of its identity: an alert that grows is the one that was told.
      this.#tell(known, { ...finding, onset: known.finding.onset }, state);
      return;
    }
    if (this.#isEcho(finding, severity) || this.#isWithinOutage(finding)) return;
    const id = `${finding.kind}:${Object.values(finding.cause).join('/')}:${finding.onset}`;
    if (this.#open.size >= OPEN_MAX) this.#closeOldest(finding.ts);
    const alert: OpenAlert = { finding, severity, lastTs: finding.ts, id, version: 0 };
    this.#open.set(key, alert);
    this.#tell(alert, finding, 'open');
  }

  /** Event time has reached `ts`: what has not been seen for a while is over, or has become normal. */
  tick(ts: number): void {
    for (const [key, alert] of this.#open) {
      const { finding, lastTs } = alert;
      const over = ts - lastTs > (REPEATED.has(finding.kind) ? TUNING.life.quietMs : TUNING.life.adoptMs);
      if (over && !this.#resolved.has(key)) {
        this.#resolved.add(key);
        this.#tell(alert, { ...finding, ts }, 'resolved');
      }
      if (ts - lastTs <= TUNING.life.adoptMs) continue;
      this.#open.delete(key);
      this.#resolved.delete(key);
    }
  }

  #closeOldest(ts: number): void {
    for (const [key, alert] of this.#open) {
      if (!this.#resolved.delete(key)) this.#tell(alert, { ...alert.finding, ts }, 'resolved');
      this.#open.delete(key);
      return;
    }
  }

  /** The rows will mean other streams. */
  forgetStreams(rows: ReadonlySet<number>): void {
    for (const open of this.#open.values()) {
      if (rows.has(open.finding.stream)) open.finding = { ...open.finding, stream: -1 };
    }
  }

  /** A stream is silent because its tenant is: that is told. */
  #isWithinOutage({ kind, dims, ts }: Finding): boolean {
    if (kind !== 'outage' || dims.feature === undefined) return false;
    for (const { finding: other, lastTs } of this.#open.values()) {
      const wide = other.kind === 'outage' && other.dims.feature === undefined;
      if (wide && other.dims.tenant === dims.tenant && ts - lastTs < TUNING.life.againMs) return true;
    }
    return false;
  }

  #isEcho(finding: Finding, severity: AlertSeverity): boolean {
    if (!ABOUT_REQUESTS.has(finding.kind) || finding.stream < 0) return false;
    for (const { finding: other, severity: told, lastTs } of this.#open.values()) {
      if (other.stream !== finding.stream || !ABOUT_REQUESTS.has(other.kind)) continue;
      if (RANK[told] < RANK[severity] || finding.ts - lastTs > TUNING.life.repeatMs) continue;
      return true;
    }
    return false;
  }

  #tell(alert: OpenAlert, finding: Finding, state: AlertState): void {
    alert.version += 1;
    const { id, version, severity } = alert;
    const { ts, onset, kind, driver, direction, dims, cause, metric, observed, expected, usdAnHour, nats, evidence } =
      finding;
    const explanation = state === 'resolved' ? undefined : this.#explain(finding);
    this.#emit({
      id,
      version,
      ts,
      started_at: onset,
      severity,
      state,
      kind,
      driver,
      direction,
      dims,
      attributed: [{ dims: cause, share: 1 }],
      metric,
      observed,
      expected,
      usd_an_hour: usdAnHour,
      nats,
      evidence,
      spend: explanation === undefined ? null : spendOf(explanation),
      sample_ids: explanation?.sampleIds ?? [],
      message: describe(finding, state, explanation),
    });
  }
}

function spendOf({ spanMs, now, usual, parts }: Explanation): AlertSpend {
  const delta = now - usual;
  const size = (amount: bigint): bigint => (amount < 0n ? -amount : amount);
  const ranked = SPEND_DRIVERS.map((driver) => ({ driver, part: parts[driver] })).sort((a, b) =>
    Number(size(b.part) - size(a.part)),
  );
  return {
    span_minutes: spanMs / 60_000,
    now_usd: picoToText(now),
    usual_usd: picoToText(usual),
    parts: ranked.map(({ driver, part }) => ({
      driver,
      delta_usd: picoToText(part),
      share: delta === 0n ? 0 : Number(part) / Number(delta),
    })),
  };
}

/** Money not spent is a sign of harm, not the harm: it weighs more than its amount. */
const OUTAGE_GATE = 0.8;

function repeatMsOf(kind: AnomalyKind): number {
  if (LASTING.has(kind)) return TUNING.life.adoptMs;
  // The watch says itself when it is news again.
  if (kind === 'traffic_surge') return 0;
  return REPEATED.has(kind) ? TUNING.life.againMs : TUNING.life.repeatMs;
}

/** By the money at stake; what is not production must cost many times as much to be more than a note. */
export function severityOf({ kind, direction, dims, usdAnHour, brief }: Finding): AlertSeverity {
  const { leastUsdAnHour, leastUsdADay, otherEnvFactor, mediumUsdADay, highUsdADay } = TUNING.money;
  const factor = isProduction(dims.env) ? 1 : otherEnvFactor;
  const usd = Math.abs(usdAnHour) / factor;
  const aDay = usd * 24;
  if (INFO_ONLY.has(kind)) return 'info';
  // What it costs is what nobody knows.
  if (kind === 'unpriced_model') return 'low';
  if (direction === 'down') return kind === 'outage' && usd > OUTAGE_GATE * leastUsdAnHour ? 'medium' : 'info';
  if (brief ? usd < leastUsdAnHour : aDay < leastUsdADay) return 'info';
  if (aDay >= highUsdADay) return 'high';
  return aDay >= mediumUsdADay ? 'medium' : 'low';
}
