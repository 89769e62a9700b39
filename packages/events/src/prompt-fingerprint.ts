import { hash } from 'node:crypto';
import { remembered } from '@weir/kernel';

const FINGERPRINT_DIGITS = 16;

/** 16 hex digits naming a prompt template (system prompt and tools without the user's words); '' for none. */
export function promptFingerprint(template: string): string {
  return template === '' ? '' : fingerprintOf(template);
}

const compute = (template: string): string => hash('sha256', template, 'hex').slice(0, FINGERPRINT_DIGITS);

// An application sends few templates again and again: many short ones or some long ones. At most 16 MiB of them.
const SHORT_CHARACTERS_MAX = 4_096;
const ofShort = remembered(1_024, compute, SHORT_CHARACTERS_MAX);
const ofLong = remembered(128, compute, 32_768);
const fingerprintOf = (template: string): string =>
  template.length <= SHORT_CHARACTERS_MAX ? ofShort(template) : ofLong(template);
