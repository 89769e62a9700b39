/** Every code this package throws, with what it means and what to do. */
export const OBJECT_STORE_ERRORS = {
  STORE_URL:
    'An object store URL cannot be used. Write file:<directory>, or s3://bucket/prefix?endpoint=…&region=…&force_path_style=true.',
  STORE_KEY: 'An object key has an empty or dotted segment or a forbidden character. A fault in the caller.',
  STORE_BUCKET_MISSING: 'The bucket does not exist. Create it, or correct its name in export.url.',
  STORE_ACCESS_DENIED:
    'The store refused the credentials or the operation. Check key, secret and policy: list, get, put, delete and multipart are needed.',
  STORE_REGION:
    'The bucket is in another region or the endpoint is not its own. Set region= (and endpoint=) in the URL.',
  STORE_CLOCK: 'The clock of this machine differs too much from the store’s. Set the clock (NTP).',
  STORE_UNREACHABLE: 'The store cannot be reached or broke the connection. Check endpoint, network, proxy and TLS.',
  STORE_OVERLOADED:
    'The store asks to slow down and went on asking. It is tried again later; spread the load if it lasts.',
  STORE_SERVER_ERROR: 'The store failed with a server error, again and again. It is tried again later; see its status.',
  STORE_CONFLICT: 'The object is there already, or was changed by another writer. Read it again.',
  STORE_NOT_FOUND: 'There is no such object. It may have been deleted, or the prefix is another one.',
  STORE_TOO_LARGE: 'An object that must be small is larger than the limit. Another program may have written it.',
  STORE_DISK_FULL: 'The disk of the folder is full. Free some space; nothing half-written is visible.',
  STORE_CANCELLED: 'The transfer was cancelled by its caller.',
  STORE_FAILED: 'The store refused the request in a way that Weir does not classify. The message has its own words.',
} as const;
