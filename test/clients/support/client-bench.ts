import { createHash, randomUUID } from 'node:crypto';
import { picoFromText, Releasers, type Started, sleep } from '@weir/kernel';
import { embeddedPriceBook, priceUsage } from '@weir/pricing';
import { findProvider } from '@weir/providers';
import { type ReplayProvider, type ServedResponse, startReplayProvider, waitFor } from '@weir/testkit';
import { expect } from 'vitest';
import { type RunningWeir, startWeir } from '../../support/running-weir.ts';

/** One Weir in front of one provider that answers for all; trials share both and do not meet. */
export interface ClientBench {
  readonly weir: RunningWeir;
  readonly replay: ReplayProvider;
  trial(): Trial;
}

/** The calls of one test, told from all others by a header. */
export interface Trial {
  readonly id: string;
  /** Sent with each call. */
  readonly headers: Readonly<Record<string, string>>;
  readonly served: readonly ServedResponse[];
  /** The provider answers its next calls with these, then as usual. */
  failNext(...statuses: readonly number[]): void;
  /** Waits for the rows, checks each against what was served, and gives them in the order of the attempts. */
  rows(count: number): Promise<LedgerRow[]>;
}

export interface LedgerRow {
  readonly feature: string;
  readonly parent: string;
  readonly attempt: string;
  readonly step: string;
  readonly provider: string;
  readonly gateway: string;
  readonly status: number;
  readonly outcome: string;
  readonly model: string;
  readonly stream: boolean;
  readonly cache: string;
  readonly usage_source: string;
  readonly input: string;
  readonly output: string;
  readonly usd: string | null;
  readonly saved: string;
  readonly token: string;
}

const READ_EVERY_MS = 200;
const COLUMNS = `feature, parent_id AS parent, toString(attempt) AS attempt, toString(step) AS step, provider, gateway, status, outcome,
  request_model AS model, stream, cache_status AS cache, usage_source, input_tokens AS input, output_tokens AS output,
  cost_usd AS usd, cost_saved_usd AS saved, token_id AS token`;

/** A gateway that lets nobody in but by token, and sends the stored keys of the providers. */
export const TOKEN_GATEWAY = { path: '/v1/acme/team', token: `weir-${randomUUID()}`, name: 'team-a' } as const;

const SETTINGS = {
  gateways: { team: { authentication: true } },
  tokens: {
    [TOKEN_GATEWAY.name]: { hash: `sha256:${createHash('sha256').update(TOKEN_GATEWAY.token).digest('hex')}` },
  },
  provider_keys: Object.fromEntries(
    ['openai', 'anthropic', 'google-ai-studio', 'groq', 'mistral', 'cohere', 'replicate'].map((slug) => [
      slug,
      { default: { key: 'stored-secret' } },
    ]),
  ),
};

/** Starts both. */
export async function startClientBench(): Promise<Started<ClientBench>> {
  const failures = new Map<string, number[]>();
  const releasers = new Releasers();
  const replay = await startReplayProvider({
    // At once: a client that waits does so for the sake of its provider.
    fault: ({ requestId }) => {
      const status = failures.get(requestId)?.shift();
      return status === undefined ? undefined : { status, retryAfterSeconds: 0 };
    },
  });
  releasers.add('replay provider', () => replay.stop());
  const weir = await startWeir(replay.value.url, { ...SETTINGS, ingress: { workers: 1 } });
  releasers.add('weir', () => weir.stop());
  const read = sharedReader(weir);
  const trial = (): Trial => {
    const id = `trial-${randomUUID()}`;
    const served = (): ServedResponse[] => replay.value.served.filter(({ requestId }) => requestId === id);
    return {
      id,
      headers: { 'x-request-id': id, 'cf-aig-metadata': JSON.stringify({ feature: id }) },
      get served() {
        return served();
      },
      failNext: (...statuses) => failures.set(id, [...statuses]),
      rows: async (count) => {
        const rows = await rowsOf(read, id, count);
        expectServed(rows, served());
        return rows;
      },
    };
  };
  return { value: { weir, replay: replay.value, trial }, stop: () => releasers.stop() };
}

/** Rows of all trials, read once for all who wait. */
type ReadRows = () => Promise<readonly LedgerRow[]>;

function sharedReader(weir: RunningWeir): ReadRows {
  const sql = `SELECT ${COLUMNS} FROM requests WHERE startsWith(feature, 'trial-') ORDER BY toString(request_id)`;
  let next: Promise<LedgerRow[]> | undefined;
  return () => {
    next ??= sleep(READ_EVERY_MS)
      .then(() => weir.query<LedgerRow>(sql))
      .finally(() => {
        next = undefined;
      });
    return next;
  };
}

async function rowsOf(read: ReadRows, trial: string, count: number): Promise<LedgerRow[]> {
  return await waitFor(
    async () => {
      const rows = (await read()).filter(({ feature }) => feature === trial);
      if (rows.length > count) throw new Error(`${rows.length} rows, expected ${count}`);
      return rows.length === count && rows;
    },
    { what: `${count} rows of ${trial}`, timeoutMs: 40_000, intervalMs: 1 },
  );
}

/** I4 I5: every response that was served is a row with its tokens and its price, and no row is of anything else. */
function expectServed(rows: readonly LedgerRow[], served: readonly ServedResponse[]): void {
  const fetched = rows.filter(({ cache }) => cache !== 'hit');
  expect(fetched).toHaveLength(served.length);
  for (const [index, response] of served.entries()) {
    const row = fetched[index];
    expect(row).toMatchObject({ status: response.status, provider: response.provider });
    if (response.usage === null) {
      expect(picoFromText(row?.usd ?? '')).toBe(0n);
      continue;
    }
    if (!response.usageReported) continue;
    expect(row).toMatchObject({
      model: response.model,
      usage_source: 'reported',
      input: String(response.usage.inputTokens),
      output: String(response.usage.outputTokens),
    });
    const price = priceOf(response);
    expect(row?.usd === null ? null : picoFromText(row?.usd ?? '')).toBe(price);
  }
}

function priceOf({ provider, model, usage, billedUsage }: ServedResponse): bigint | null {
  if (usage === null) return 0n;
  return priceUsage(embeddedPriceBook(), {
    provider: findProvider(provider)?.pricingProvider ?? null,
    responseModel: model,
    requestModel: model,
    at: Date.now(),
    serviceTier: '',
    region: '',
    usage: billedUsage ?? usage,
  }).total;
}
