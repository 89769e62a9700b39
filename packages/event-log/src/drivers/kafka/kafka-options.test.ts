import { describe, expect, it } from 'vitest';
import { brokersFromUrl, kafkaSettings } from './kafka-options.ts';

describe('brokersFromUrl', () => {
  it.each([
    ['kafka://one:9092', ['one:9092']],
    ['kafka://one:1,two:2/', ['one:1', 'two:2']],
    ['kafka://one,10.0.0.2:9093', ['one:9092', '10.0.0.2:9093']],
  ])('reads %s', (url, brokers) => {
    expect(brokersFromUrl(url)).toEqual(brokers);
  });

  it.each([
    'kafka://',
    'http://one:9092',
    'kafka://one:0',
    'kafka://one:99999',
    'kafka://a b',
    'kafka://one:9092/topic',
  ])('refuses %s', (url) => {
    expect(() => brokersFromUrl(url)).toThrowError(expect.objectContaining({ code: 'LOG_INVALID_OPTIONS' }));
  });

  it('I8 repeats nothing of an address that may hold a password', () => {
    const refused = (read: () => unknown): string => {
      try {
        return JSON.stringify(read());
      } catch (error) {
        return `${error} ${JSON.stringify(error)}`;
      }
    };
    for (const read of [
      () => brokersFromUrl('kafka://user:hunter2@one:9092'),
      () => kafkaSettings({ brokers: ['user:hunter2@one:9092'] }),
    ]) {
      expect(refused(read)).toContain('LOG_INVALID_OPTIONS');
      expect(refused(read)).not.toContain('hunter2');
    }
  });
});

describe('kafkaSettings', () => {
  it('fills in what is not given, and keeps what is', () => {
    const settings = kafkaSettings({ brokers: ['one:9092'], group: { heartbeatMs: 7 }, append: { lingerMs: 0 } });
    expect(settings.group).toMatchObject({ heartbeatMs: 7, sessionTimeoutMs: 45_000, rebalanceTimeoutMs: 90_000 });
    expect(settings.append).toMatchObject({ lingerMs: 0, maxBatchRecords: 1_000, compression: 'zstd' });
  });

  it('refuses a log without a broker', () => {
    expect(() => kafkaSettings({ brokers: [] })).toThrowError(expect.objectContaining({ code: 'LOG_INVALID_OPTIONS' }));
  });
});
