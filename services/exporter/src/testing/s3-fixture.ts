import type { ObjectStore } from '@weir/object-store';
import type { S3StoreOptions } from '@weir/object-store/drivers/s3';
import type { S3Server } from '@weir/testkit';

const MIB = 1024 * 1024;

/** Options for a bucket of the test server, or of the proxy in front of it; the smallest parts that S3 allows. */
export function s3Options(server: S3Server, bucket: string, endpoint = server.url): S3StoreOptions {
  const { accessKeyId, secretAccessKey, region } = server;
  return {
    bucket,
    prefix: 'ledger',
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    partBytes: 5 * MIB,
    retry: { attempts: 4, baseMs: 5, capMs: 50 },
  };
}

export async function keysOf(store: ObjectStore, prefix = ''): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}
