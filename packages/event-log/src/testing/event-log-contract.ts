import { afterAll, beforeAll, describe } from 'vitest';
import { describeAppend } from './contract-append.ts';
import { describeAssignment } from './contract-assignment.ts';
import type { ContractDriver, ContractHarness } from './contract-driver.ts';
import { type ContractFixture, unique } from './contract-fixture.ts';
import { describeGroups } from './contract-groups.ts';
import { describeByteLimit, describeRetention } from './contract-limits.ts';
import { describeTail, describeTopics } from './contract-topics.ts';

/**
 * The suite that a driver must pass to be one: L1 to L6 of the port. It allows for offsets with gaps and for
 * rebalances that take `settleMs`; what a broker decides on its own is left out by `capabilities`.
 */
export function describeEventLogContract(name: string, driver: ContractDriver): void {
  describe(`event log contract: ${name}`, () => {
    let harness: ContractHarness | undefined;
    beforeAll(async () => {
      harness = await driver.open();
    });
    afterAll(() => harness?.close());
    const opened = (): ContractHarness => {
      if (harness === undefined) throw new Error('the driver was not opened');
      return harness;
    };
    const fixture: ContractFixture = {
      capabilities: driver.capabilities,
      harness: opened,
      log: () => opened().log,
      topic: async (spec = {}) => {
        const topic = unique('topic');
        await opened().log.ensureTopics([{ name: topic, partitions: 1, ...spec }]);
        return topic;
      },
    };
    describeAppend(fixture);
    describeTopics(fixture);
    describeTail(fixture);
    describeAssignment(fixture);
    describeGroups(fixture);
    if (driver.capabilities.byteLimit) describeByteLimit(fixture);
    if (driver.capabilities.retain !== undefined) describeRetention(fixture);
  });
}
