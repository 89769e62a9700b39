import { findKafka, type KafkaListener, type KafkaServer, startKafka } from '@weir/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendNumbered, onAssignments, record, tailAll, textOf, unique } from '../../../testing/contract-fixture.ts';
import { openKafkaLog } from '../kafka-log.ts';
import type { KafkaLogEntry, KafkaLogOptions, KafkaSasl } from '../kafka-options.ts';
import { quickly } from '../testing/quickly.ts';

const source = findKafka('TLS and SASL to Kafka');

/** A token as the broker's validator of unsigned ones takes it. */
function unsignedToken(subject: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1_000);
  return `${part({ alg: 'none' })}.${part({ sub: subject, iat: now, exp: now + 600 })}.`;
}

describe.skipIf(source !== 'java')('connections to a broker that asks for TLS or a user', () => {
  let kafka: Awaited<ReturnType<typeof startKafka>>;
  let broker: KafkaServer;
  beforeAll(async () => {
    kafka = await startKafka({ listeners: ['SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] });
    broker = kafka.value;
  });
  afterAll(() => kafka.stop());

  const entries: KafkaLogEntry[] = [];
  const options = (listener: KafkaListener, rest: Partial<KafkaLogOptions> = {}): KafkaLogOptions => ({
    ...quickly,
    brokers: [broker.address(listener)],
    onLog: (entry) => entries.push(entry),
    ...rest,
  });
  const tls = (): { ca: string } => ({ ca: broker.certificate });
  const user = (
    mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512',
    password = broker.user.password,
  ): KafkaSasl => ({
    mechanism,
    username: broker.user.name,
    password,
  });
  const roundTrip = async (log: KafkaLogOptions): Promise<string[]> => {
    const opened = openKafkaLog(log);
    const topic = unique('secure');
    try {
      await opened.ensureTopics([{ name: topic, partitions: 1 }]);
      await opened.append(topic, [record('k', 'over it')]);
      const seen: string[] = [];
      const done = Promise.withResolvers<void>();
      const subscription = await onAssignments(opened, topic, unique('g'), async (assignment) => {
        const [first] = await assignment.read({ maxRecords: 1, maxBytes: 100, waitMs: 10_000 });
        if (first !== undefined) await assignment.commit(first.offset + 1);
        done.resolve();
      });
      await done.promise;
      await subscription.stop();
      seen.push(...(await tailAll(opened, topic, 1, 10_000)).map(textOf));
      return seen;
    } finally {
      await opened.close();
    }
  };

  it('appends, reads and commits over TLS', async () => {
    expect(await roundTrip(options('SSL', { ssl: tls() }))).toEqual(['over it']);
  });

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
    'appends, reads and commits as a user of SASL %s',
    async (mechanism) => {
      expect(await roundTrip(options('SASL_PLAINTEXT', { sasl: user(mechanism) }))).toEqual(['over it']);
    },
  );

  it('appends, reads and commits with SCRAM over TLS', async () => {
    expect(await roundTrip(options('SASL_SSL', { ssl: tls(), sasl: user('scram-sha-512') }))).toEqual(['over it']);
  });

  it('appends, reads and commits with a bearer token that is asked for', async () => {
    let asked = 0;
    const token = async (): Promise<string> => {
      asked += 1;
      return unsignedToken('weir');
    };
    expect(await roundTrip(options('SASL_PLAINTEXT', { sasl: { mechanism: 'oauthbearer', token } }))).toEqual([
      'over it',
    ]);
    expect(asked).toBeGreaterThan(0);
  });

  it.each(['plain', 'scram-sha-256'] as const)(
    'I8 says LOG_AUTH_FAILED for a wrong %s password, and keeps it to itself',
    async (mechanism) => {
      const wrong = 'not-the-pass-word';
      const log = openKafkaLog(options('SASL_PLAINTEXT', { sasl: user(mechanism, wrong) }));
      const failures = await Promise.all([
        log.append('t', [record('k', 'v')]).catch((error: unknown) => error),
        log.subscribe({ group: 'g', topics: ['t'], onAssigned: async () => {} }).catch((error: unknown) => error),
        log.ensureTopics([{ name: 't', partitions: 1 }]).catch((error: unknown) => error),
      ]);
      for (const failure of failures) expect(failure).toMatchObject({ code: 'LOG_AUTH_FAILED', retriable: false });
      expect(JSON.stringify([failures.map((each) => [String(each), each]), entries])).not.toContain(wrong);
      await log.close();
    },
  );

  it('says LOG_TLS_FAILED for a certificate that nobody vouches for', async () => {
    const log = openKafkaLog(options('SSL', { ssl: true }));
    await expect(log.append('t', [record('k', 'v')])).rejects.toMatchObject({ code: 'LOG_TLS_FAILED' });
    await log.close();
  });

  it('says LOG_UNAVAILABLE, with what to check, when the listener expects TLS and gets none', async () => {
    const log = openKafkaLog(options('SSL', { requestTimeoutMs: 1_000, connectTimeoutMs: 1_000 }));
    await expect(appendNumbered(log, 't', 1)).rejects.toMatchObject({
      code: 'LOG_UNAVAILABLE',
      retriable: true,
      fix: expect.stringContaining('TLS'),
    });
    await log.close();
  });

  it('hands what kafkajs says to the logger it was given, and to nobody else', () => {
    expect(entries.length).toBeGreaterThan(0);
    expect(new Set(entries.flatMap((entry) => Object.keys(entry)))).toEqual(new Set(['level', 'message', 'broker']));
  });
});
