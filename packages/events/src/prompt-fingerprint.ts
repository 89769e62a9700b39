import { hash } from 'node:crypto';

const FINGERPRINT_DIGITS = 16;

/** 16 hex digits naming a prompt template (system prompt and tools without the user's words); '' for none. */
export function promptFingerprint(template: string): string {
  return template === '' ? '' : hash('sha256', template, 'hex').slice(0, FINGERPRINT_DIGITS);
}
