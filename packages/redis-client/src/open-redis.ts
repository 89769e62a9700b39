import { createClient, RESP_TYPES } from '@redis/client';
import { errorMessage, sleep } from '@weir/kernel';

export interface RedisOptions {
  /** `redis://` or `rediss://`, with user, password and database. */
  readonly url: string;
  /** Longest wait for an answer. */
  readonly timeoutMs: number;
  /** Told of a lost connection; it is opened again by itself. The message holds no credential. */
  readonly onError: (reason: string) => void;
}

/** A connection to a Redis. */
export interface Redis {
  /** Sends one command; a text in its answer is a string. Fails at once while the server is away. */
  send<Answer>(words: (string | Buffer)[]): Promise<Answer>;
  /** The same, with a buffer for each text. */
  sendForBytes<Answer>(words: (string | Buffer)[]): Promise<Answer>;
  /** Waits for the first connection, as long as for an answer; what is sent then tells whether there is one. */
  opened(): Promise<void>;
  close(): void;
}

const RECONNECT_MS = 250;

/** Connects in the background: Weir starts while Redis is away. */
export function openRedis({ url, timeoutMs, onError }: RedisOptions): Redis {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandOptions: { timeout: timeoutMs },
    socket: { connectTimeout: timeoutMs, reconnectStrategy: () => RECONNECT_MS },
  });
  client.on('error', (error: unknown) => onError(errorMessage(error)));
  const connecting = client.connect().then(
    () => undefined,
    () => undefined,
  );
  const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  return {
    send: (words) => client.sendCommand(words),
    sendForBytes: (words) => bytes.sendCommand(words) as Promise<never>,
    async opened() {
      const waited = new AbortController();
      await Promise.race([connecting, sleep(timeoutMs, waited.signal)]);
      waited.abort();
    },
    close: () => {
      client.destroy();
      // A connection that was being made is there only now, and would keep the process alive.
      void connecting.then(() => client.destroy());
    },
  };
}
