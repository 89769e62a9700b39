import { describe, expect, it } from 'vitest';
import { parseStoreUrl } from './store-url.ts';

describe('parseStoreUrl', () => {
  it('reads folders and buckets', () => {
    expect(parseStoreUrl('file:./data/exports')).toEqual({ kind: 'file', directory: './data/exports' });
    expect(parseStoreUrl('file:///var/exports')).toEqual({ kind: 'file', directory: '/var/exports' });
    expect(parseStoreUrl('s3://bucket/a/b/?region=eu-central-1')).toEqual({
      kind: 's3',
      bucket: 'bucket',
      prefix: 'a/b',
      endpoint: undefined,
      region: 'eu-central-1',
      forcePathStyle: false,
    });
    const r2 = parseStoreUrl('s3://b-1?endpoint=https://acc.r2.cloudflarestorage.com&force_path_style=true');
    expect(r2).toMatchObject({ endpoint: 'https://acc.r2.cloudflarestorage.com', prefix: '', forcePathStyle: true });
  });

  it('I8 refuses what it cannot read, and repeats no credential', () => {
    for (const url of [
      '',
      'file:',
      'gs://b',
      's3://',
      's3://b/ä',
      's3://bucket?endpont=x',
      's3://bucket?endpoint=host:9000',
    ]) {
      expect(() => parseStoreUrl(url), url).toThrow(expect.objectContaining({ code: 'STORE_URL' }));
    }
    for (const url of ['s3://AKIAKEY:hunter2@bucket', 'https://AKIAKEY:hunter2@host/bucket']) {
      let message = '';
      try {
        parseStoreUrl(url);
      } catch (error) {
        message = JSON.stringify([error, String(error)]);
      }
      expect(message).toContain('STORE_URL');
      expect(message).not.toMatch(/hunter2|AKIAKEY/);
    }
  });
});
