import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errorCode, errorMessage, Releasers, type Started, WeirError } from '@weir/kernel';
import { waitFor } from '../process/wait-for.ts';
import { type ApiCall, type ApiReply, servedFacts } from './api-call.ts';
import { errorBody } from './error-body.ts';
import { type Fault, parseFault } from './faults.ts';
import { asObject, asText } from './json-access.ts';
import { openRecordedEntries, type RecordedEntries } from './recorded-entries.ts';
import { matchRoute } from './routes.ts';
import { type ReplayCounters, ServedLedger, type ServedResponse, type ServedTotals } from './served-ledger.ts';
import { type Compose, createComposer } from './synthesis/compose-completion.ts';
import { seededRandom } from './synthesis/seeded-random.ts';
import { writeResponse } from './write-response.ts';

/** What a fault rule may look at. */
export interface ReplayRequest {
  readonly provider: string;
  readonly path: string;
  readonly model: string;
  /** The request's `x-request-id`; '' when it had none. */
  readonly requestId: string;
  /** 1 for the first request since the start. */
  readonly number: number;
}

export interface ReplayOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Changes every synthetic answer. Default 'weir'. */
  readonly seed?: string;
  /** Visible tokens of an answer that no request limit cuts. Default 16 to 160. */
  readonly outputTokens?: { readonly min: number; readonly max: number };
  /** Tokens per stream event. Default 4. */
  readonly tokensPerChunk?: number;
  /** Applied to each request that brings no `x-replay-fault` header; undefined means none. */
  readonly fault?: (request: ReplayRequest) => Fault | undefined;
  /** Compress for clients that accept it. Default false. */
  readonly gzip?: boolean;
  /** Directory with INDEX.json, for requests with `x-replay-entry: {id}`. */
  readonly recordings?: string;
  /** Recorded entry ids by `{slug}{path}`, e.g. `openai/v1/chat/completions`, for requests without that header. */
  readonly recordedRoutes?: Readonly<Record<string, string>>;
  /** Served responses kept in `served`. Default 100,000. */
  readonly servedCapacity?: number;
  /** Prompt prefixes kept for cache reads. Default 50,000. */
  readonly cacheCapacity?: number;
}

export interface ReplayProvider {
  /** `http://127.0.0.1:{port}`; the base URL of a provider is `{url}/{slug}`. */
  readonly url: string;
  /** The newest responses served to their last byte, oldest first. */
  readonly served: readonly ServedResponse[];
  readonly counters: ReplayCounters;
  baseUrl(slug: string): string;
  /** Exact sums per provider and model of everything served with a usage. */
  totals(): ServedTotals[];
  /**
   * Resolves when every request received so far has ended, so that `served` is complete.
   * @throws WeirError `TESTKIT_TIMEOUT` after 10 seconds.
   */
  settled(): Promise<void>;
  /** Forgets what was served; prompt prefixes stay cached. */
  reset(): void;
}

const MAX_BODY_BYTES = 32 * 1024 * 1024;

/**
 * Starts an HTTP server on 127.0.0.1 that answers like the LLM providers' APIs, each under its slug
 * (`/openai/v1/chat/completions`, `/anthropic/v1/messages`, …), with no key and no network. Answers are synthetic and
 * follow from the request body alone, except ids (unique), cached tokens (they need an earlier request) and recorded
 * entries. `x-replay-fault` makes a response fail (see `parseFault`), `x-replay-delay-ms`
 * paces its chunks, `x-replay-entry` asks for a recorded one; `stop()` ends open responses at once.
 * @throws WeirError `TESTKIT_INDEX_INVALID`, or Node's error (`EADDRINUSE`, `ENOENT`).
 */
export async function startReplayProvider(options: ReplayOptions = {}): Promise<Started<ReplayProvider>> {
  const releasers = new Releasers();
  const ledger = new ServedLedger(options.servedCapacity ?? 100_000);
  const session: Session = {
    options,
    ledger,
    compose: createComposer({
      seed: options.seed ?? 'weir',
      outputTokens: options.outputTokens ?? { min: 16, max: 160 },
      cacheCapacity: options.cacheCapacity ?? 50_000,
    }),
    recorded: options.recordings === undefined ? undefined : openRecordedEntries(options.recordings),
  };
  const server = createServer((request, response) => void serve(session, request, response));
  server.keepAliveTimeout = 60_000;
  releasers.add('http server', () => close(server));
  await listen(server, options.port ?? 0);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const value: ReplayProvider = {
    url,
    served: ledger.served,
    counters: ledger.counters,
    baseUrl: (slug) => `${url}/${slug}`,
    totals: () => ledger.totals(),
    settled: async () => {
      await waitFor(() => settledAll(ledger.counters), { what: 'open responses to end', intervalMs: 5 });
    },
    reset: () => ledger.reset(),
  };
  return { value, stop: () => releasers.stop() };
}

function settledAll({ received, served, cut, left }: ReplayCounters): boolean {
  return received <= served + cut + left;
}

interface Session {
  readonly options: ReplayOptions;
  readonly ledger: ServedLedger;
  readonly compose: Compose;
  readonly recorded: RecordedEntries | undefined;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function serve(session: Session, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { ledger, options } = session;
  ledger.counters.received += 1;
  const number = ledger.counters.received;
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const bytes = await readBody(request);
  if (bytes === 'left') {
    ledger.counters.left += 1;
    return;
  }
  const call = readCall(request, bytes === 'too large' ? Buffer.alloc(0) : bytes);
  const { fault, reply } =
    bytes === 'too large' ? { fault: {}, reply: failure(call, 413, number) } : plan(session, request, call, number);
  const outcome = await writeResponse(response, reply, {
    fault,
    gzip: options.gzip === true && header(request, 'accept-encoding').includes('gzip'),
    signal: gone.signal,
  });
  if (outcome.end !== 'served') {
    ledger.counters[outcome.end] += 1;
    return;
  }
  ledger.add({
    ...reply.facts,
    provider: call.provider,
    path: call.path,
    status: reply.status,
    requestId: header(request, 'x-request-id'),
    bytes: outcome.bytes,
    ...(usageLost(fault, reply) ? { usage: null, billedUsage: null, usageReported: false } : {}),
  });
}

/** True when a fault kept the usage from the client: what a provider would bill then is not knowable from outside. */
function usageLost(fault: Fault, reply: ApiReply): boolean {
  return fault.emptyBody === true || (fault.errorAfter !== undefined && reply.midStreamError.length > 0);
}

function header(request: IncomingMessage, name: string): string {
  return asText(request.headers[name]);
}

/** The body, read to its end even when it passes 32 MiB, so that the answer can be read. */
async function readBody(request: IncomingMessage): Promise<Buffer | 'left' | 'too large'> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request) {
      const bytes = chunk as Buffer;
      size += bytes.length;
      if (size <= MAX_BODY_BYTES) chunks.push(bytes);
    }
  } catch {
    return 'left';
  }
  return size <= MAX_BODY_BYTES ? Buffer.concat(chunks) : 'too large';
}

function readCall(request: IncomingMessage, bytes: Uint8Array): ApiCall {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const [, provider = '', rest = ''] = /^\/([^/]*)(.*)$/.exec(url.pathname) ?? [];
  let body = {};
  try {
    body = asObject(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch {
    // An unreadable body reads as an empty one: the route then answers 400.
  }
  return { provider, path: rest, query: url.searchParams, groups: [], body, bytes };
}

function plan(
  session: Session,
  request: IncomingMessage,
  call: ApiCall,
  number: number,
): { fault: Fault; reply: ApiReply } {
  try {
    const fault = readFault(session, request, call, number);
    const status = fault.status;
    const reply = status === undefined ? answer(session, request, call) : failure(call, status, number);
    return { fault, reply };
  } catch (error) {
    // A mistake in a test's fault or entry, or a missing recording: said in the body, where the test looks.
    const body = JSON.stringify({ error: { message: errorMessage(error), code: errorCode(error) } });
    return { fault: {}, reply: { ...failure(call, WeirError.is(error) ? 400 : 500, number), chunks: [body] } };
  }
}

function readFault(session: Session, request: IncomingMessage, call: ApiCall, number: number): Fault {
  const asked = header(request, 'x-replay-fault');
  const delay = header(request, 'x-replay-delay-ms');
  const model = asText(call.body['model']);
  const requestId = header(request, 'x-request-id');
  const fault =
    asked === ''
      ? (session.options.fault?.({ provider: call.provider, path: call.path, model, requestId, number }) ?? {})
      : parseFault(asked);
  return delay === '' ? fault : { ...fault, ...parseFault(`chunk-ms=${delay}`) };
}

function answer(session: Session, request: IncomingMessage, call: ApiCall): ApiReply {
  const routed = session.options.recordedRoutes ?? {};
  const key = `${call.provider}${call.path}`;
  const entry = header(request, 'x-replay-entry') || (Object.hasOwn(routed, key) ? (routed[key] ?? '') : '');
  if (entry !== '') {
    if (session.recorded !== undefined) return session.recorded.reply(entry);
    throw new WeirError('TESTKIT_ENTRY_UNKNOWN', 'no directory of recordings was given', {
      fix: 'Start the provider with the option recordings.',
    });
  }
  const match = matchRoute(call.path);
  if (match === undefined || request.method !== 'POST') return failure(call, 404, 0);
  if (Object.keys(call.body).length === 0) return failure(call, 400, 0);
  const context = { compose: session.compose, tokensPerChunk: session.options.tokensPerChunk ?? 4 };
  return match.handler({ ...call, groups: match.groups }, context);
}

function failure(call: ApiCall, status: number, number: number): ApiReply {
  const id = seededRandom(call.bytes, String(status), String(number)).hex(24);
  const { headers, body } = errorBody(call.provider, status, id);
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    chunks: [JSON.stringify(body)],
    midStreamError: '',
    facts: servedFacts({
      model: asText(call.body['model']),
      stream: false,
      responseId: '',
      usage: null,
      usageReported: false,
    }),
  };
}
