/** @import {Measure} from '../state/url-state.js' */
import { duration, exactCount, shortCount } from '../text/counts.js';
import { exactUsd, picoFromText, shortUsd } from '../text/money.js';

/**
 * How a measure is read, written and drawn.
 * @typedef {object} MeasureForm
 * @property {string} title
 * @property {(value: string | number) => bigint} read exact integer units: pico-dollars, counts, ms
 * @property {(value: bigint) => string} short
 * @property {(value: bigint) => string} exact
 * @property {(value: bigint) => string} axis a round value beside the plot
 * @property {boolean} stacked false where a sum over keys means nothing
 */

/** @type {MeasureForm['read']} */
const whole = (value) => BigInt(Math.round(Number(value)));

/** @type {MeasureForm['axis']} */
const axisCount = (value) => (value < 100_000n ? exactCount(value) : shortCount(value).replace('.0', ''));

/** @type {(title: string) => MeasureForm} */
const counted = (title) => ({
  title,
  read: whole,
  short: shortCount,
  exact: exactCount,
  axis: axisCount,
  stacked: true,
});

/** @type {Readonly<Record<Measure, MeasureForm>>} */
export const MEASURE_FORMS = {
  spend: {
    title: 'Spend',
    read: (value) => picoFromText(String(value)),
    short: shortUsd,
    exact: exactUsd,
    axis: exactUsd,
    stacked: true,
  },
  requests: counted('Requests'),
  tokens: counted('Tokens'),
  errors: counted('Errors'),
  latency_p95: {
    title: 'Latency p95',
    read: whole,
    short: (value) => duration(Number(value)),
    exact: (value) => `${exactCount(value)} ms`,
    axis: (value) => (value < 1000n ? `${value} ms` : `${Number(value) / 1000} s`),
    stacked: false,
  },
};
