import { randomUUID } from 'node:crypto';
import { openKafkaLog } from '@weir/event-log/drivers/kafka';
import { findKafka, sharedKafka } from '@weir/testkit';
import { describe, expect, it } from 'vitest';
import { CLAIMS_TOPIC } from './claim-record.ts';
import { startUsageClaims, type UsageClaims } from './usage-claims.ts';

const ROUNDS = 10;

describe.skipIf(findKafka('claims of usage on Kafka') === undefined)('on a real broker', () => {
  it('I3 services that claim the same answers at once agree who books each, and one that starts later finds the same', async () => {
    const brokers = [await sharedKafka()];
    const stops: (() => Promise<void>)[] = [];
    const fail = (error: unknown): void => expect.unreachable(String(error));
    const start = async (): Promise<UsageClaims> => {
      const log = openKafkaLog({ brokers });
      await log.ensureTopics([{ name: CLAIMS_TOPIC, partitions: 1 }]);
      const claims = startUsageClaims({ log, onError: fail });
      stops.push(async () => {
        await claims.stop();
        await log.close();
      });
      return claims;
    };
    const { signal } = new AbortController();
    const services = [await start(), await start()];
    // Other tests of the run may use the topic as well.
    const digests = Array.from({ length: ROUNDS }, () => randomUUID());
    const settle = async (service: UsageClaims, owner: string) => {
      const owners: (string | undefined)[] = [];
      for (const digest of digests)
        owners.push(...((await service.settle([{ owner, digests: [digest] }], signal))?.[0] ?? []));
      return owners;
    };
    const [one, two] = await Promise.all(services.map((service, index) => settle(service, `row ${index}`)));
    expect(two).toEqual(one);
    expect(one).toHaveLength(ROUNDS);
    expect(one?.every((owner) => owner === 'row 0' || owner === 'row 1')).toBe(true);
    expect(await settle(await start(), 'row 2')).toEqual(one);
    for (const stop of stops) await stop();
  }, 180_000);
});
