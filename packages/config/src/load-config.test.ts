import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from './load-config.ts';
import { describeConfig, redactConfig } from './redact-config.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-config-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const load = (yaml?: string, environment: Record<string, string> = {}) => {
  if (yaml !== undefined) writeFileSync(join(directory, 'weir.yaml'), yaml);
  return loadConfig({ environment, workingDirectory: directory });
};
const failure = (code: string, message: RegExp, fix: RegExp): unknown =>
  expect.objectContaining({ code, message: expect.stringMatching(message), fix: expect.stringMatching(fix) });

describe('loadConfig', () => {
  it('needs no file: every default is there, frozen', () => {
    const { config, file } = load();
    expect(file).toBeUndefined();
    expect(config.ingress.port).toBe(8787);
    expect(config.log.partitions).toBe(1);
    expect(config.gateways['default']?.collect_payloads).toBe(true);
    expect(Object.isFrozen(config.log.requests)).toBe(true);
  });

  it('takes the file over defaults, and the environment over the file', () => {
    const { config } = load('ingress:\n  port: 9000\n  workers: 3\n', { WEIR_INGRESS_PORT: '9001' });
    expect(config.ingress).toMatchObject({ port: 9001, workers: 3, host: '127.0.0.1' });
  });

  it('takes secrets from the environment, with a fallback where one is written', () => {
    const yaml = 'warehouse:\n  password: ${CH_PASSWORD}\n  username: ${CH_USER:-weir}\n';
    const { config } = load(yaml, { CH_PASSWORD: 'hunter2' });
    expect(config.warehouse).toMatchObject({ password: 'hunter2', username: 'weir' });
    expect(() => load(yaml)).toThrowError(
      failure('CONFIG_MISSING_ENV', /warehouse\.password.*CH_PASSWORD/, /Set CH_PASS/),
    );
  });

  it('takes secrets from files beside it', () => {
    writeFileSync(join(directory, 'ch-password'), 'hunter2\n');
    const yaml = 'warehouse:\n  password: ${file:ch-password}\n';
    expect(load(yaml).config.warehouse.password).toBe('hunter2');
    expect(() => load(yaml.replace('ch-', 'no-'))).toThrowError(
      failure('CONFIG_MISSING_FILE', /warehouse\.password refers to no-password/, /relative/),
    );
  });

  it.each([
    ['ingres:\n  port: 1\n', 'CONFIG_UNKNOWN_KEY', /"ingres"/, /Did you mean "ingress"/],
    ['ingress:\n  prot: 1\n', 'CONFIG_UNKNOWN_KEY', /"ingress\.prot"/, /Did you mean "ingress\.port"/],
    [
      'ingress:\n  port: 99999\n',
      'CONFIG_INVALID',
      /ingress\.port is 99999: it must be <= 65535/,
      /Port of the gateway/,
    ],
    ['ingress:\n  port: "x"\n', 'CONFIG_INVALID', /ingress\.port is "x": it must be integer/, /Port/],
    ['warehouse:\n  mode: sharded\n', 'CONFIG_INVALID', /must be one of single, cluster, cloud/, /migrations/],
    ['providers:\n  openai:\n    base_url: ftp://x\n', 'CONFIG_INVALID', /base_url/, /Called instead/],
    ['gateways:\n  "a b": {}\n', 'CONFIG_INVALID', /gateways\.a b: the name must match/, /Rename/],
    ['budgets:\n  b: { limit_usd: 5 }\n', 'CONFIG_INVALID', /budgets\.b\.limit_usd is 5: it must be string/, /quotes/],
    [
      'budgets:\n  b: { scope: { feature: 5 } }\n',
      'CONFIG_INVALID',
      /scope\.feature is 5: it must be string/,
      /quotes/,
    ],
    ['budgets:\n  b: { thresholds: [0.5, 0] }\n', 'CONFIG_INVALID', /thresholds\.1 is 0: it must be > 0/, /Shares/],
    ['webhooks:\n  ops: { secret: s3 }\n', 'CONFIG_INVALID', /webhooks\.ops\.url is missing$/, /POST/],
    [
      'webhooks:\n  ops: { url: "http://x", events: [on] }\n',
      'CONFIG_INVALID',
      /events\.0 is "on".*open, upd/,
      /changes/,
    ],
    ['ingress: [1\n', 'CONFIG_SYNTAX', /line 2|line 1/, /line/],
  ])('explains %j', (yaml, code, message, fix) => {
    expect(() => load(yaml)).toThrowError(failure(code, message, fix));
  });

  it('explains an unknown variable and a missing file', () => {
    expect(() => load('', { WEIR_INGRESS_PROT: '1' })).toThrowError(
      failure('CONFIG_UNKNOWN_KEY', /WEIR_INGRESS_PROT/, /WEIR_INGRESS_PORT/),
    );
    expect(() => loadConfig({ file: 'no.yaml', environment: {}, workingDirectory: directory })).toThrowError(
      failure('CONFIG_NOT_FOUND', /no\.yaml/, /--config/),
    );
  });

  it('I8 takes headers of a custom provider from the environment, and never prints their values', () => {
    const yaml =
      'custom_providers:\n  acme:\n    base_url: https://a.test\n    headers:\n      x-api-key: ${ACME_KEY}\n';
    const { config } = load(yaml, { ACME_KEY: 'hunter2' });
    expect(config.custom_providers['acme']?.headers).toEqual({ 'x-api-key': 'hunter2' });
    expect(describeConfig(config)).toContain('x-api-key: "[redacted]"');
    expect(describeConfig(config)).not.toContain('hunter2');
    const named = (header: string): string => yaml.replace('x-api-key: ${ACME_KEY}', header);
    for (const header of ['host: a', 'content-length: a', 'X-Api-Key: a', '"a b": a']) {
      expect(() => load(named(header))).toThrowError(failure('CONFIG_INVALID', /headers/, /Rename/));
    }
    expect(() => load(named('x: "hunter2\\r\\nhost: b"'))).toThrowError(
      failure('CONFIG_INVALID', /headers.x is \[redacted\]/, /header/),
    );
    expect(load(yaml.slice(0, yaml.indexOf('    headers'))).config.custom_providers['acme']?.headers).toEqual({});
  });

  it('I8 never prints a secret', () => {
    const yaml = 'warehouse:\n  password: hunter2\n  url: http://user:hunter2@ch:8123\nsql:\n  port: 1\n';
    const { config } = load(yaml);
    expect(JSON.stringify(redactConfig(config))).not.toContain('hunter2');
    rmSync(join(directory, 'weir.yaml'));
    const text = describeConfig(config, load().config);
    expect(text).not.toContain('hunter2');
    expect(text).toMatch(/sql:\n {2}port: 1/);
    expect(() => load('warehouse:\n  password: [hunter2]\n')).toThrowError(expect.not.stringMatching(/hunter2/));
  });
});
