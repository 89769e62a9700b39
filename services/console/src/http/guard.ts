import { WeirError } from '@weir/kernel';
import type { FastifyInstance } from 'fastify';

/** Sent with every answer: the page loads nothing from elsewhere, runs nothing inline, and cannot be framed. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

function hostName(header: string): string {
  return header.replace(/:\d+$/, '').toLowerCase();
}

/**
 * Adds the security headers. A console on a loopback address also refuses foreign Host headers: a web page that
 * points its own name at 127.0.0.1 could otherwise read the ledger through the visitor's browser (DNS rebinding).
 */
export function guard(app: FastifyInstance, host: string): void {
  const local = LOOPBACK.has(host) || host === '::1';
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS);
    const name = hostName(request.headers.host ?? '');
    if (local && !LOOPBACK.has(name)) {
      throw new WeirError('CONSOLE_HOST', `"${name}" is not an address of this console`, {
        fix: 'Open it as http://127.0.0.1 or http://localhost, or set console.host to an address of this machine.',
      });
    }
  });
}
