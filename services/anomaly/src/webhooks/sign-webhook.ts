import { createHmac } from 'node:crypto';

export interface SignedCall {
  /** The same for every try of one event's version: what a receiver knows a repeat by. */
  readonly id: string;
  /** Seconds since the epoch. */
  readonly timestamp: number;
  readonly body: string;
}

/** Headers of the Standard Webhooks specification; without a secret, no signature. */
export function webhookHeaders(secret: string, call: SignedCall): Record<string, string> {
  const headers = { 'webhook-id': call.id, 'webhook-timestamp': String(call.timestamp) };
  if (secret === '') return headers;
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret);
  const signature = createHmac('sha256', key).update(`${call.id}.${call.timestamp}.${call.body}`).digest('base64');
  return { ...headers, 'webhook-signature': `v1,${signature}` };
}
