import type { BudgetAlert, PaceSignal } from '@weir/detectors';
import { PICO_DIGITS, picoToText } from '@weir/kernel';

/** What a burn rate or a forecast says: for the event's columns, its evidence, and people. */
export interface PaceDescription {
  readonly observed: number;
  readonly score: number;
  readonly evidence: Readonly<Record<string, string>>;
  readonly text: string;
}

const UNITS = { usd: 'USD', tokens: 'tokens', requests: 'requests' } as const;
const HOUR_MS = 3_600_000;

export function describePace(alert: BudgetAlert, signal: PaceSignal): PaceDescription {
  return signal.kind === 'burn' ? describeBurn(alert, signal) : describeForecast(alert, signal);
}

function describeBurn(alert: BudgetAlert, { window, used, longMs }: PaceSignal & { kind: 'burn' }): PaceDescription {
  const { kind } = alert.budget.limit;
  const factor = Number(window.factor) / 10;
  const hours = longMs / HOUR_MS;
  const amount = kind === 'usd' ? picoToText(used) : String(used);
  const limit = `${limitText(alert)} ${UNITS[kind]}`;
  const last = hours === 1 ? 'the last hour' : `the last ${hours} hours`;
  return {
    observed: Number(amount),
    score: factor,
    evidence: {
      alert: `burn rate ${window.name}`,
      burn_factor: String(factor),
      window_hours: String(hours),
      window_used: amount,
    },
    text:
      alert.status === 'resolved'
        ? `no longer burns ${factor} times as fast as its ${limit} last`
        : `burns more than ${factor} times as fast as its ${limit} last: ${round(Number(amount))} ${UNITS[kind]} in ${last}`,
  };
}

function describeForecast(alert: BudgetAlert, { forecast }: PaceSignal & { kind: 'forecast' }): PaceDescription {
  const { kind } = alert.budget.limit;
  const scale = kind === 'usd' ? 10 ** PICO_DIGITS : 1;
  const amount = (value: number): string => round(value / scale);
  const day = (time: number | null): string => (time === null ? '' : new Date(time).toISOString().slice(0, 10));
  const between =
    forecast.latest === null
      ? `${day(forecast.earliest)} or later`
      : `${day(forecast.earliest)} to ${day(forecast.latest)}`;
  const limit = `${limitText(alert)} ${UNITS[kind]}`;
  return {
    observed: forecast.median / scale,
    score: forecast.median / Number(alert.limit.amount),
    evidence: {
      alert: 'forecast',
      passes_at: new Date(forecast.passesAt ?? alert.span.end).toISOString(),
      passes_earliest: day(forecast.earliest),
      passes_latest: day(forecast.latest),
      forecast_p10: amount(forecast.low),
      forecast_p50: amount(forecast.median),
      forecast_p90: amount(forecast.high),
    },
    text:
      alert.status === 'resolved'
        ? `is over the forecast that it passes its ${limit}`
        : `is going to pass its ${limit} on ${day(forecast.passesAt)} (four times in five: ${between}); ${amount(forecast.median)} ${UNITS[kind]} (${amount(forecast.low)} to ${amount(forecast.high)}) are expected by the end`,
  };
}

const limitText = ({ budget, limit }: BudgetAlert): string =>
  budget.limit.kind === 'usd' ? picoToText(limit.amount) : String(limit.amount);

/** An estimate: four digits are more than it knows. */
const round = (value: number): string => String(Number(value.toPrecision(4)));
