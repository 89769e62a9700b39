import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errorMessage, type Started, WeirError } from '@weir/kernel';
import type { KafkaServer } from './kafka-server.ts';
import { startKafka } from './start-kafka.ts';

const LENDER = 'WEIR_INTERNAL_KAFKA_LENDER';

/**
 * Serves the address of one broker to all test processes, and starts it when the first of them asks: a broker takes
 * seconds and 300 MB, so a test run has one. `stop` stops it. Test processes find the lender in their environment.
 */
export async function startKafkaLender(): Promise<Started<string>> {
  let broker: Promise<Started<KafkaServer>> | undefined;
  const server = createServer(async (_, response) => {
    try {
      broker ??= startKafka();
      response.end((await broker).value.bootstrap);
    } catch (error) {
      response.writeHead(500).end(errorMessage(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  process.env[LENDER] = url;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await (await broker?.catch(() => undefined))?.stop();
  };
  return { value: url, stop };
}

/**
 * The `host:port` of the broker that all tests of this run share (`WEIR_KAFKA`, or the lender's). Topics and groups
 * need names of their own; a test that stops or pauses a broker starts one for itself.
 * @throws WeirError `TESTKIT_KAFKA_MISSING`.
 */
export async function sharedKafka(): Promise<string> {
  const named = process.env['WEIR_KAFKA'] ?? '';
  if (named !== '') return named;
  const lender = process.env[LENDER];
  // Outside of a test run, for example in a bench: this process keeps it until it ends.
  if (lender === undefined) return (await startKafka()).value.bootstrap;
  const response = await fetch(lender);
  const text = await response.text();
  if (!response.ok) throw new WeirError('TESTKIT_KAFKA_MISSING', `the shared broker did not start: ${text}`);
  return text;
}
