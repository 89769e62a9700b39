import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';

/** A file of the page, held in memory. */
export interface PageFile {
  readonly body: Buffer;
  readonly type: string;
  /** Strong entity tag: the hash of the bytes. */
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Reads the page once, by URL path; `/` is index.html. Only these paths exist, so no path can leave the folder. */
export async function readPageFiles(folder: string): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined || entry.name.endsWith('.test.js')) continue;
    const file = join(entry.parentPath, entry.name);
    const body = await readFile(file);
    const path = `/${relative(folder, file).replaceAll(sep, '/')}`;
    const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
    files.set(path === '/index.html' ? '/' : path, { body, type, etag });
  }
  return files;
}
