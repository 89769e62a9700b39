import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createKeyFingerprint } from './key-fingerprint.ts';

const expected = (credential: string): string =>
  createHmac('sha256', 'weir-key-id').update(credential).digest('hex').slice(0, 16);

describe('createKeyFingerprint', () => {
  const fingerprint = createKeyFingerprint('weir-key-id');

  it('is the same for one key, whichever header and scheme carry it', () => {
    expect(fingerprint({ authorization: 'Bearer abc' }, ['x-api-key', 'authorization'], '/')).toBe(expected('abc'));
    expect(fingerprint({ 'x-api-key': 'abc' }, ['x-api-key', 'authorization'], '/')).toBe(expected('abc'));
    expect(fingerprint({ authorization: 'Key abc' }, ['authorization'], '/')).toBe(expected('abc'));
    expect(fingerprint({}, ['x-goog-api-key'], '/v1beta/models?alt=sse&key=abc')).toBe(expected('abc'));
  });

  it('names an AWS key, not its signature', () => {
    const signed = (signature: string): string =>
      `AWS4-HMAC-SHA256 Credential=AKIA1/20261124/us-east-1/bedrock/aws4_request, Signature=${signature}`;
    const ids = ['aa', 'bb'].map((s) => fingerprint({ authorization: signed(s) }, ['authorization'], '/'));
    expect(ids).toEqual([expected('AKIA1'), expected('AKIA1')]);
  });

  it('is empty without a credential, and differs by pepper', () => {
    expect(fingerprint({ 'x-other': 'abc' }, ['authorization'], '/?x=1')).toBe('');
    const other = createKeyFingerprint('other')({ authorization: 'abc' }, ['authorization'], '/');
    expect(other).toMatch(/^[0-9a-f]{16}$/);
    expect(other).not.toBe(expected('abc'));
  });

  it('stays right when it has forgotten', () => {
    for (let turn = 0; turn < 5000; turn += 1) {
      expect(fingerprint({ authorization: `k${turn}` }, ['authorization'], '/')).toBe(expected(`k${turn}`));
    }
    expect(fingerprint({ authorization: 'k0' }, ['authorization'], '/')).toBe(expected('k0'));
  });
});
