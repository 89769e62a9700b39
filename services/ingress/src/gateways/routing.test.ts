import { describe, expect, it } from 'vitest';
import { INGRESS_DEFAULTS } from '../config.ts';
import { compileRouting } from './routing.ts';

describe('compileRouting', () => {
  it('always has a gateway `default`; what a gateway leaves out takes its default', () => {
    const routing = compileRouting({ ...INGRESS_DEFAULTS, gateways: { team: { cacheTtlSeconds: 60 } } });
    expect(routing.gateway('default')).toMatchObject({ id: 'default', cacheTtlSeconds: 0, collectPayloads: true });
    expect(routing.gateway('team')).toMatchObject({ id: 'team', cacheTtlSeconds: 60, retryMaxAttempts: 1 });
    expect(routing.gateway('constructor')).toBeUndefined();
  });

  it('takes any account until one is configured; then these, and `default`', () => {
    expect(compileRouting(INGRESS_DEFAULTS).mayCall('any', 'default')).toBe(true);
    const accounts = { acme: { gateways: ['team'] }, all: { gateways: [] } };
    const routing = compileRouting({ ...INGRESS_DEFAULTS, gateways: { team: {} }, accounts });
    const asked = ['acme/team', 'acme/default', 'all/team', 'other/team', 'default/team'];
    expect(asked.map((pair) => routing.mayCall(...(pair.split('/') as [string, string])))).toEqual([
      true,
      false,
      true,
      false,
      true,
    ]);
  });

  it('refuses an account that names a gateway which is not there', () => {
    const accounts = { acme: { gateways: ['taem'] } };
    expect(() => compileRouting({ ...INGRESS_DEFAULTS, gateways: { team: {} }, accounts })).toThrowError(
      expect.objectContaining({ code: 'INGRESS_CONFIG_INVALID', fix: 'Did you mean "team"?' }),
    );
  });
});
