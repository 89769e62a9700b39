import { hash } from 'node:crypto';

/** A gateway or an account as a part of a name: 32 hex digits of its SHA-256. */
export const shortDigest = (text: string): string => hash('sha256', text, 'hex').slice(0, 32);
