import { existsSync } from 'node:fs';
import { type Started, sleep, WeirError } from '@weir/kernel';
import {
  type FaultProxy,
  freePort,
  locateS3Server,
  type S3Server,
  startFaultProxy,
  startS3Server,
} from '@weir/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../object-store.ts';
import { describeObjectStoreContract } from '../../testing/index.ts';
import { openS3Store, type S3StoreOptions } from './open-s3-store.ts';

const MIB = 1024 * 1024;
const PART = 5 * MIB;
const binary = await locateS3Server();

describe.skipIf(binary === undefined)('S3', () => {
  let server: Started<S3Server>;
  let proxy: Started<FaultProxy>;
  const open = (bucket: string, options: Partial<S3StoreOptions> = {}): ObjectStore => {
    const { url, accessKeyId, secretAccessKey, region } = server.value;
    const credentials = { accessKeyId, secretAccessKey };
    const retry = { attempts: 6, baseMs: 5, capMs: 50 };
    const given = { bucket, endpoint: url, region, forcePathStyle: true, credentials, partBytes: PART, retry };
    return openS3Store({ ...given, ...options });
  };
  beforeAll(async () => {
    server = await startS3Server(binary ?? '');
    proxy = await startFaultProxy(server.value.url);
    for (const bucket of ['contract', 'faults']) server.value.createBucket(bucket);
  });
  afterAll(async () => {
    await proxy?.stop();
    await server?.stop();
  });

  describeObjectStoreContract('S3 server', async () => {
    const [store, other] = [open('contract', { prefix: 'a/prefix' }), open('contract', { prefix: 'a/prefix' })];
    const release = async (): Promise<void> => void (await Promise.all([store.close(), other.close()]));
    return { store, other, partBytes: PART, release };
  });

  /** A store behind the proxy, with the faults of this test only. */
  const behindProxy = (decide: Parameters<FaultProxy['inject']>[0], options: Partial<S3StoreOptions> = {}) => {
    proxy.value.inject(decide);
    proxy.value.counts.faults = 0;
    return open('faults', { endpoint: proxy.value.url, ...options });
  };
  async function* zeros(size: number): AsyncGenerator<Uint8Array> {
    for (let left = size; left > 0; left -= MIB) yield Buffer.alloc(Math.min(left, MIB), 7);
  }
  const keys = async (store: ObjectStore): Promise<string[]> => {
    const found: string[] = [];
    for await (const { key } of store.list('')) found.push(key);
    return found;
  };

  it('O5 gets through 500s, slow-downs, lost answers and cut connections with the whole object', async () => {
    const store = behindProxy(
      ({ random }) => {
        if (random < 0.15) return { kind: 'status', status: 500, code: 'InternalError' };
        if (random < 0.3) return { kind: 'status', status: 503, code: 'SlowDown' };
        if (random < 0.4) return { kind: 'lose-answer' };
        if (random < 0.5) return { kind: 'cut', afterBytes: 100_000 };
        return undefined;
      },
      { retry: { attempts: 40, baseMs: 1, capMs: 10 } },
    );
    const stored = await store.putStream('through', zeros(3 * PART + 11));
    expect(stored.bytes).toBe(3 * PART + 11);
    for (let round = 0; round < 10; round += 1) await store.put(`once/${round}`, Buffer.from(`${round}`), 'absent');
    expect(proxy.value.counts.faults).toBeGreaterThan(3);
    const direct = open('faults');
    let bytes = 0;
    for await (const chunk of direct.stream('through')) bytes += chunk.length;
    expect(bytes).toBe(stored.bytes);
    expect(await keys(direct)).toHaveLength(11);
  });

  it('O1 gives up with a typed error, publishes nothing and leaves no parts', async () => {
    // A create whose answer was lost leaves an upload that nobody knows: only `removeLeftovers` finds it.
    await open('faults').removeLeftovers(0);
    const refuse = (status: 500 | 503, code: string) =>
      behindProxy(({ path }) => (path.includes('partNumber=2') ? { kind: 'status', status, code } : undefined));
    const failed = refuse(500, 'InternalError').putStream('never', zeros(4 * PART));
    await expect(failed).rejects.toMatchObject({ code: 'STORE_SERVER_ERROR', retriable: true });
    const slow = refuse(503, 'SlowDown').putStream('never', zeros(4 * PART));
    await expect(slow).rejects.toMatchObject({ code: 'STORE_OVERLOADED', retriable: true });
    const cut = behindProxy(({ path }) => (path.includes('partNumber') ? { kind: 'cut', afterBytes: MIB } : undefined));
    await expect(cut.putStream('never', zeros(2 * PART))).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    const direct = open('faults');
    expect(await keys(direct)).not.toContain('never');
    expect(await direct.removeLeftovers(0)).toBe(0);
  });

  it('O1 ends the uploads that a killed process left', async () => {
    const store = behindProxy(({ method, path }) => {
      // Neither the parts nor the abort reach the server: as if the process had died.
      const passes = method === 'POST' && path.includes('uploads');
      return passes ? undefined : { kind: 'status', status: 403, code: 'AccessDenied' };
    });
    await expect(store.putStream('left', zeros(2 * PART))).rejects.toMatchObject({ code: 'STORE_ACCESS_DENIED' });
    const direct = open('faults');
    expect(await direct.removeLeftovers(60_000)).toBe(0);
    expect(await direct.removeLeftovers(0)).toBe(1);
    expect(await direct.removeLeftovers(0)).toBe(0);
  });

  it('O4 I7 holds no more than the parts in flight and the one being filled', async () => {
    let produced = 0;
    let most = 0;
    let uploaded = 0;
    const store = behindProxy(
      ({ path }) => {
        if (!path.includes('partNumber')) return undefined;
        uploaded += PART;
        return { kind: 'delay', ms: 60 };
      },
      { parallelParts: 2 },
    );
    const source = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of zeros(8 * PART)) {
        produced += chunk.length;
        most = Math.max(most, produced - uploaded);
        yield chunk;
      }
    };
    await store.putStream('bounded', source());
    expect(most).toBeLessThanOrEqual(3 * PART);
  });

  it('O5 I8 says what is wrong with bucket, keys, region and address, without a secret', async () => {
    const wrongSecret = { accessKeyId: server.value.accessKeyId, secretAccessKey: 'wrong-secret-value' };
    const wrongKey = { accessKeyId: 'NOSUCHKEY', secretAccessKey: 'wrong-secret-value' };
    const port = await freePort();
    const cases = [
      [open('missing'), 'STORE_BUCKET_MISSING', /Create the bucket "missing"/],
      [open('faults', { credentials: wrongSecret }), 'STORE_ACCESS_DENIED', /export\.secret_access_key/],
      [open('faults', { credentials: wrongKey }), 'STORE_ACCESS_DENIED', /export\.access_key_id/],
      [open('faults', { endpoint: `http://127.0.0.1:${port}` }), 'STORE_UNREACHABLE', new RegExp(String(port))],
    ] as const;
    for (const [store, code, fix] of cases) {
      const attempts = [
        () => store.check(),
        () => store.putStream('x', zeros(2 * PART)),
        () => store.put('x', Buffer.from('x'), 'absent'),
      ];
      for (const attempt of attempts) {
        const error = await attempt().then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        expect(error).toMatchObject({ code, fix: expect.stringMatching(fix) });
        if (!WeirError.is(error)) throw error;
        const shown = JSON.stringify([error.message, error.details, error.fix, String(error.cause), error.cause]);
        expect(shown).not.toMatch(/wrong-secret|weir-test-secret|Signature=/);
      }
    }
    const region = open('faults', { region: 'eu-west-9' });
    await expect(region.check()).rejects.toMatchObject({ code: expect.stringMatching(/STORE_(REGION|ACCESS_DENIED)/) });
    expect(existsSync(`${server.value.directory}/missing`)).toBe(false);
  });

  it('goes on when the server was killed and is back', async () => {
    const store = open('faults', { retry: { attempts: 100, baseMs: 20, capMs: 100 } });
    await server.value.kill9();
    const writing = store.putStream('survivor', zeros(2 * PART + 1));
    await sleep(200);
    await server.value.restart();
    expect((await writing).bytes).toBe(2 * PART + 1);
    expect(await keys(store)).toContain('survivor');
  });
});
