import { errorCode } from '@weir/kernel';
import { errors } from 'undici';
import type { IngressErrorCode } from '../errors.ts';

/** Codes of Node and undici to Weir's; TLS codes are many and are recognised by their form below. */
const BY_CODE: Readonly<Record<string, IngressErrorCode>> = {
  ECONNREFUSED: 'UPSTREAM_REFUSED',
  ENOTFOUND: 'UPSTREAM_DNS',
  ENODATA: 'UPSTREAM_DNS',
  EHOSTUNREACH: 'UPSTREAM_UNREACHABLE',
  ENETUNREACH: 'UPSTREAM_UNREACHABLE',
  EADDRNOTAVAIL: 'UPSTREAM_UNREACHABLE',
  UND_ERR_CONNECT_TIMEOUT: 'UPSTREAM_CONNECT_TIMEOUT',
  ETIMEDOUT: 'UPSTREAM_CONNECT_TIMEOUT',
  UND_ERR_HEADERS_TIMEOUT: 'UPSTREAM_FIRST_BYTE_TIMEOUT',
  UND_ERR_BODY_TIMEOUT: 'UPSTREAM_IDLE_TIMEOUT',
  UND_ERR_SOCKET: 'UPSTREAM_RESET',
  ECONNRESET: 'UPSTREAM_RESET',
  EPIPE: 'UPSTREAM_RESET',
  // The body ended before its announced end.
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'UPSTREAM_RESET',
  UND_ERR_HEADERS_OVERFLOW: 'UPSTREAM_BAD_RESPONSE',
  ERR_INVALID_CHAR: 'UPSTREAM_BAD_RESPONSE',
  ERR_HTTP_INVALID_STATUS_CODE: 'UPSTREAM_BAD_RESPONSE',
  UND_ERR_MAX_ORIGINS_REACHED: 'UPSTREAM_HOSTS_LIMIT',
  UND_ERR_INVALID_ARG: 'INGRESS_REQUEST_INVALID',
  UND_ERR_NOT_SUPPORTED: 'INGRESS_REQUEST_INVALID',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'INGRESS_REQUEST_INVALID',
  EPROTO: 'UPSTREAM_TLS',
  CERT_HAS_EXPIRED: 'UPSTREAM_TLS',
  CERT_NOT_YET_VALID: 'UPSTREAM_TLS',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'UPSTREAM_TLS',
  SELF_SIGNED_CERT_IN_CHAIN: 'UPSTREAM_TLS',
};
const TLS_CODE = /^(?:ERR_TLS|ERR_SSL|ERR_OSSL|UNABLE_TO_|CERT_|CRL_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/;

/** Classifies what undici or Node threw, by its class or code, never by its text. */
export function upstreamFailure(error: unknown): IngressErrorCode {
  // undici 8 gives parser errors no code; their data is what could not be parsed, '' at an end that came too early.
  if (error instanceof errors.HTTPParserError) {
    return 'data' in error && error.data === '' ? 'UPSTREAM_RESET' : 'UPSTREAM_BAD_RESPONSE';
  }
  const code = errorCode(error);
  const known = Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined;
  if (known !== undefined) return known;
  if (TLS_CODE.test(code)) return 'UPSTREAM_TLS';
  if (code.startsWith('EAI_')) return 'UPSTREAM_DNS';
  return 'UPSTREAM_FAILED';
}
