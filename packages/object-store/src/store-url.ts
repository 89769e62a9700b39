import { WeirError } from '@weir/kernel';

export type StoreUrl =
  | { readonly kind: 'file'; readonly directory: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      /** Without slashes at its ends; '' for the whole bucket. */
      readonly prefix: string;
      readonly endpoint: string | undefined;
      readonly region: string | undefined;
      readonly forcePathStyle: boolean;
    };

const BUCKET = /^[a-z0-9][a-z0-9._-]{1,253}[a-z0-9]$/i;
const PARAMETERS = new Set(['endpoint', 'region', 'force_path_style']);

/** Reads `file:<directory>` or `s3://bucket/prefix?endpoint=…&region=…&force_path_style=…`. @throws WeirError `STORE_URL`. */
export function parseStoreUrl(text: string): StoreUrl {
  if (text.startsWith('file:')) {
    const directory = text.slice('file:'.length).replace(/^\/\/(?=\/)/, '');
    if (directory === '') throw invalid(text, 'names no directory');
    return { kind: 'file', directory };
  }
  if (!text.startsWith('s3://')) throw invalid(withoutUser(text), 'is neither file: nor s3:');
  const url = URL.parse(text);
  if (url === null) throw invalid(withoutUser(text), 'is not a URL');
  // The error must not repeat what may be a secret (I8).
  if (url.username !== '' || url.password !== '') throw invalid('s3://…@…', 'has credentials in it');
  const bucket = decodeURIComponent(url.host);
  if (!BUCKET.test(bucket)) throw invalid(text, `names no valid bucket ("${bucket}")`);
  const unknown = [...url.searchParams.keys()].find((name) => !PARAMETERS.has(name));
  if (unknown !== undefined) throw invalid(`s3://${bucket}`, `has an unknown parameter "${unknown}"`);
  const prefix = decodeURIComponent(url.pathname).replaceAll(/^\/+|\/+$/g, '');
  if (prefix !== '' && !/^[\w=.-]+(\/[\w=.-]+)*$/.test(prefix)) throw invalid(text, 'has an unusual prefix');
  const endpoint = url.searchParams.get('endpoint') ?? undefined;
  if (endpoint !== undefined && !/^https?:\/\//.test(endpoint))
    throw invalid(text, 'has an endpoint without http(s)://');
  return {
    kind: 's3',
    bucket,
    prefix,
    endpoint,
    region: url.searchParams.get('region') ?? undefined,
    forcePathStyle: url.searchParams.get('force_path_style') === 'true',
  };
}

const withoutUser = (text: string): string => text.replace(/\/\/[^/@]*@/, '//…@');

const invalid = (url: string, problem: string): WeirError =>
  new WeirError('STORE_URL', `the object store URL ${url} ${problem}`, {
    fix: 'Write file:<directory> or s3://bucket/prefix?endpoint=…&region=…&force_path_style=true; keys go into export.access_key_id and export.secret_access_key.',
  });
