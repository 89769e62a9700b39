import { createZoneOffset } from '@weir/detectors';
import { WeirError } from '@weir/kernel';

/** Offsets change at quarters of an hour at the earliest. */
const STEP_MS = 15 * 60_000;

export interface TimeZones {
  /** Of everyone who has no own. */
  readonly timeZone: string;
  /** By tenant: an account, or `account/gateway`. */
  readonly byTenant: Readonly<Record<string, string>>;
}

/** Milliseconds that the clock of a tenant is ahead of UTC at a moment. @throws WeirError `ANOMALY_TIME_ZONE`. */
export function createTenantClock({ timeZone, byTenant }: TimeZones): (tenant: string, ts: number) => number {
  const zones = new Map<string, (ts: number) => number>();
  const clockOf = (zone: string): ((ts: number) => number) => {
    const known = zones.get(zone);
    if (known !== undefined) return known;
    const offsetAt = offsetOf(zone);
    let step = Number.NaN;
    let offset = 0;
    const clock = (ts: number): number => {
      const at = Math.floor(ts / STEP_MS);
      // Asking the time zone costs microseconds, and nearly every event is of the same quarter of an hour.
      if (at !== step) {
        step = at;
        offset = offsetAt(at * STEP_MS);
      }
      return offset;
    };
    zones.set(zone, clock);
    return clock;
  };
  const usual = clockOf(timeZone);
  const own = new Map(Object.entries(byTenant).map(([tenant, zone]) => [tenant, clockOf(zone)]));
  return (tenant, ts) => (own.get(tenant) ?? own.get(tenant.split('/', 1)[0] ?? '') ?? usual)(ts);
}

function offsetOf(zone: string): (ts: number) => number {
  if (zone === 'UTC') return () => 0;
  try {
    return createZoneOffset(zone);
  } catch (cause) {
    throw new WeirError('ANOMALY_TIME_ZONE', `anomalies: there is no time zone "${zone}"`, {
      cause,
      fix: 'Write a name of the IANA database, such as Europe/Berlin.',
    });
  }
}
