import { describe, expect, it } from 'vitest';
import { gatewaySettings } from '../gateways/gateway-settings.ts';
import { type CallPolicy, readCallPolicy } from './call-policy.ts';

const { policy: none } = gatewaySettings('default', {});
const gateway: CallPolicy = { retry: { maxAttempts: 3, delayMs: 100, backoff: 'linear' }, timeoutMs: 900, warning: '' };

describe('readCallPolicy', () => {
  it('is the gateway where the caller says nothing', () => {
    expect(readCallPolicy({ accept: '*/*' }, gateway)).toBe(gateway);
  });

  it('takes each header over the gateway by itself', () => {
    const headers = { 'cf-aig-max-attempts': '2', 'cf-aig-backoff': 'Constant' };
    expect(readCallPolicy(headers, gateway)).toEqual({
      retry: { maxAttempts: 2, delayMs: 100, backoff: 'constant' },
      timeoutMs: 900,
      warning: '',
    });
    expect(readCallPolicy({ 'cf-aig-retry-delay': '0' }, gateway).retry.delayMs).toBe(0);
  });

  it.each([
    [{ 'cf-aig-max-attempts': '9' }, { maxAttempts: 5 }, 'cf-aig-max-attempts is taken as 5'],
    [{ 'cf-aig-max-attempts': '0' }, { maxAttempts: 1 }, 'cf-aig-max-attempts is taken as 1'],
    [{ 'cf-aig-retry-delay': '60000' }, { delayMs: 5000 }, 'cf-aig-retry-delay is taken as 5000'],
    [{ 'cf-aig-max-attempts': 'many' }, {}, 'cf-aig-max-attempts is not a whole number'],
    [{ 'cf-aig-backoff': 'random' }, {}, 'cf-aig-backoff is not one of constant, linear, exponential'],
  ])('%o stays within the contract and says so', (headers, expected, warning) => {
    expect(readCallPolicy(headers, none)).toMatchObject({ retry: { ...none.retry, ...expected }, warning });
  });

  it.each([
    ['1500', 1500],
    ['0', undefined],
    ['-1', undefined],
    ['1e3', undefined],
    ['', undefined],
    ['99999999999', 999_999_999],
  ])('request timeout %s', (text, expected) => {
    expect(readCallPolicy({ 'cf-aig-request-timeout': text }, none).timeoutMs).toBe(expected);
  });
});
