import { hash } from 'node:crypto';
import { remembered } from '@weir/kernel';

const FINGERPRINT_DIGITS = 16;

/** 16 hex digits naming a prompt template (system prompt and tools without the user's words); '' for none. */
export function promptFingerprint(template: string): string {
  return template === '' ? '' : fingerprintOf(template);
}

// An application sends few templates again and again. At most 8 MiB of them.
const fingerprintOf = remembered(
  128,
  (template) => hash('sha256', template, 'hex').slice(0, FINGERPRINT_DIGITS),
  32_768,
);
