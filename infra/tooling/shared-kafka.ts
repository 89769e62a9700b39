/** Vitest's global setup: a broker for the tests that ask for one; nothing starts before the first of them does. */
import { startKafkaLender } from '@weir/testkit';

export async function setup(): Promise<() => Promise<void>> {
  const lender = await startKafkaLender();
  return () => lender.stop();
}
