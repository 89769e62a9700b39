/** What is asked of a client; each in its own words. */
export interface Question {
  readonly prompt: string;
  readonly stream?: boolean;
  /** Offers the tool of `WEATHER` and insists on it. */
  readonly tool?: boolean;
}

/** What the client made of the answer. */
export interface ClientAnswer {
  readonly text: string;
  readonly toolCalls: readonly { readonly name: string; readonly arguments: unknown }[];
  /** As the client reports them, in the provider's own way of counting. */
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
}

export interface OfficialClient {
  ask(question: Question): Promise<ClientAnswer>;
}

export interface ClientSettings {
  /** Of Weir, with account and gateway or without; the client appends what its users would. */
  readonly ingressUrl: string;
  /** A key of the provider, or a token of Weir. */
  readonly apiKey: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of the client itself, after the first request. */
  readonly retries: number;
  /** Carries the client's requests, for a client that lets its user choose. */
  readonly fetch?: typeof fetch;
}

/** A client of a provider, and what is true of it. */
export interface ClientFamily {
  readonly name: string;
  /** Slug in Weir's path. */
  readonly provider: string;
  readonly model: string;
  /** Pico-dollars a token, from the provider's price list; none for a provider that does not bill tokens. */
  readonly rates?: { readonly input: bigint; readonly output: bigint };
  /** What the client throws at these: name of the class, or of the error. */
  readonly errors: Readonly<Record<400 | 401 | 429, string>>;
  /** What it, or its API, has not: `fetch` is a transport of the user's own, `cache` an answer that may be kept. */
  readonly lacks?: readonly ('tool' | 'fetch' | 'stream' | 'cache' | 'retry')[];
  create(settings: ClientSettings): OfficialClient;
  describeError(error: unknown): { readonly name: string; readonly status: number | undefined };
}

export const WEATHER = {
  name: 'get_weather',
  description: 'Current weather of a city',
  parameters: {
    type: 'object' as const,
    properties: { city: { type: 'string' as const } },
    required: ['city'],
  },
};

/** Class and `status` of what most clients throw. */
export function describeStatusError(error: unknown): { name: string; status: number | undefined } {
  if (!(error instanceof Error)) return { name: typeof error, status: undefined };
  const { status, statusCode } = error as { status?: number; statusCode?: number };
  return { name: error.constructor.name, status: status ?? statusCode };
}
