export { assert, assertNever } from './assert.ts';
export { backoffMs } from './backoff.ts';
export { type Clock, systemClock } from './clock.ts';
export { errorCode, errorMessage, KERNEL_ERRORS, WeirError, type WeirErrorOptions } from './errors.ts';
export { Releasers, type Started } from './lifecycle.ts';
export {
  divideHalfEven,
  PICO_DIGITS,
  type PicoUsd,
  parseDecimal,
  picoFromText,
  picoToText,
  type Rational,
} from './money.ts';
export { nearest } from './nearest.ts';
export { remembered } from './remembered.ts';
export { SharedLock } from './shared-lock.ts';
export { sleep } from './sleep.ts';
export { untilAccepted } from './until-accepted.ts';
export { createUuidV7, uuidV7Time } from './uuid-v7.ts';
