import { parseDecimal, picoFromText, remembered, WeirError } from '@weir/kernel';
import { fixedMeter, type Meter, slidingMeter } from '@weir/shared-state';
import { type DimensionsOf, isCallDimension } from './dimension-names.ts';
import type { RateLimitConfig } from './rate-limit-config.ts';

/** What is counted. Money is counted in billionths of a dollar, rounded up: whole numbers that stay exact. */
export type Counted = 'requests' | 'tokens' | 'usd';

/** A rate limit made ready. */
export interface RateLimit {
  readonly name: string;
  readonly counted: Counted;
  readonly limit: number;
  readonly windowMs: number;
  /** The counter of a call with these dimensions. */
  meter(valueIn: DimensionsOf): Meter;
}

const PICO_PER_NANO = 1_000n;
const METERS_REMEMBERED = 1_024;

/** Billionths of a dollar, rounded up. */
export const nanoFromPico = (pico: bigint): number => Number((pico + PICO_PER_NANO - 1n) / PICO_PER_NANO);

/** @throws WeirError `INGRESS_CONFIG_INVALID` with field and fix. */
export function compileRateLimits(
  owner: 'gateway' | 'token',
  id: string,
  limits: Readonly<Record<string, RateLimitConfig>>,
): readonly RateLimit[] {
  return Object.entries(limits).map(([name, config]) => {
    const where = `${owner}s.${id}.rate_limits.${name}`;
    const { technique, windowSeconds, per } = config;
    const unknown = per.find((dimension) => !isCallDimension(dimension));
    if (unknown !== undefined) {
      throw invalid(`${where}.per names "${unknown}"`, 'Name what is known before a call: see docs/gateways.md.');
    }
    const { counted, limit } = limitOf(config, where);
    const windowMs = windowSeconds * 1_000;
    const prefix = `${owner}:${id}:${name}:${technique}:${windowSeconds}:${counted}`;
    const make = technique === 'fixed' ? fixedMeter : slidingMeter;
    const meterOf = remembered(METERS_REMEMBERED, (values) => make(`${prefix}${values}`, windowMs));
    return {
      name,
      counted,
      limit,
      windowMs,
      meter: (valueIn) => meterOf(per.reduce((values, name) => `${values}|${encodeURIComponent(valueIn(name))}`, '')),
    };
  });
}

function limitOf({ requests, tokens, usd }: RateLimitConfig, where: string): { counted: Counted; limit: number } {
  const money = usd === '' || parseDecimal(usd).numerator === 0n ? 0 : nanoFromPico(picoFromText(usd));
  const set = Object.entries({ requests, tokens, usd: money }).filter(([, limit]) => limit > 0);
  const [first] = set;
  if (first === undefined || set.length > 1) {
    throw invalid(where, 'Set exactly one of limit_requests, limit_tokens and limit_usd.');
  }
  return { counted: first[0] as Counted, limit: first[1] };
}

const invalid = (message: string, fix: string): WeirError =>
  new WeirError('INGRESS_CONFIG_INVALID', `${message} is not a rate limit`, { fix });
