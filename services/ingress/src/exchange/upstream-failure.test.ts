import { errors } from 'undici';
import { expect, it } from 'vitest';
import { upstreamFailure } from './upstream-failure.ts';

const withCode = (code: string): Error => Object.assign(new Error('text says ECONNREFUSED'), { code });

it.each([
  ['ECONNREFUSED', 'UPSTREAM_REFUSED'],
  ['ENOTFOUND', 'UPSTREAM_DNS'],
  ['EAI_AGAIN', 'UPSTREAM_DNS'],
  ['ENETUNREACH', 'UPSTREAM_UNREACHABLE'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'UPSTREAM_TLS'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'UPSTREAM_TLS'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UPSTREAM_TLS'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'UPSTREAM_TLS'],
  ['CERT_HAS_EXPIRED', 'UPSTREAM_TLS'],
  ['ETIMEDOUT', 'UPSTREAM_CONNECT_TIMEOUT'],
  ['EPIPE', 'UPSTREAM_RESET'],
  ['constructor', 'UPSTREAM_FAILED'],
  ['SOMETHING_ELSE', 'UPSTREAM_FAILED'],
])('%s is %s, whatever the text says', (code, expected) => {
  expect(upstreamFailure(withCode(code))).toBe(expected);
});

it('classifies what undici throws', () => {
  expect(upstreamFailure(new errors.ConnectTimeoutError())).toBe('UPSTREAM_CONNECT_TIMEOUT');
  expect(upstreamFailure(new errors.HeadersTimeoutError())).toBe('UPSTREAM_FIRST_BYTE_TIMEOUT');
  expect(upstreamFailure(new errors.BodyTimeoutError())).toBe('UPSTREAM_IDLE_TIMEOUT');
  expect(upstreamFailure(new errors.SocketError('other side closed'))).toBe('UPSTREAM_RESET');
  expect(upstreamFailure(new errors.HeadersOverflowError())).toBe('UPSTREAM_BAD_RESPONSE');
  expect(upstreamFailure(new errors.InvalidArgumentError('x'))).toBe('INGRESS_REQUEST_INVALID');
});

it('is total', () => {
  for (const value of [undefined, null, 'text', 7, {}]) expect(upstreamFailure(value)).toBe('UPSTREAM_FAILED');
});
