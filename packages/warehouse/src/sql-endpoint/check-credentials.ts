import { createHash, timingSafeEqual } from 'node:crypto';
import { sqlError } from './sql-exception.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * Refuses whoever is not among `users` (name to password). Without users, `default` needs no password.
 * @throws WeirError `WAREHOUSE_AUTH` (516)
 */
export function checkCredentials(
  user: string,
  password: string,
  users: Readonly<Record<string, string>> | undefined,
): void {
  const known = users ?? { default: '' };
  const expected = Object.hasOwn(known, user) ? known[user] : undefined;
  // Both sides are hashed: their lengths are equal, and the time tells nothing.
  if (expected !== undefined && timingSafeEqual(digest(expected), digest(password))) return;
  throw sqlError(516, `${user}: Authentication failed: password is incorrect, or there is no user with such name.`);
}
