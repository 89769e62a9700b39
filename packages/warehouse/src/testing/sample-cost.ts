const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 10, 20, 10);
const PICO_PER_TOKEN = 250_000n;

/**
 * The n-th of an endless, repeatable series of cost events: three models, two minutes per 1,000, every tenth unpriced,
 * amounts that have digits in every place. `usd` is the row's own cost, null when unpriced.
 */
export function sampleCost(index: number) {
  const unpriced = index % 10 === 3;
  const tokens = 100 + (index % 97) * 13;
  const input = BigInt(tokens) * PICO_PER_TOKEN + BigInt(index % 7);
  const output = BigInt(index % 31) * 2_000_001n;
  const model = ['gpt-5-mini', 'claude-sonnet-5', ''][index % 3] ?? '';
  const cost = unpriced ? null : input + output;
  return {
    request_id: `019a1b2c-3d4e-7f00-8000-${index.toString(16).padStart(12, '0')}`,
    parent_id: `p-${index}`,
    event_id: `e-${index}`,
    attempt: 1 + (index % 2),
    step: 0,
    ts: START_MS + index * ((2 * MINUTE_MS) / 1000),
    account: 'acme',
    gateway: index % 4 === 0 ? 'batch' : 'prod',
    env: 'production',
    feature: index % 5 === 0 ? '' : `feature-${index % 5}`,
    user_id: index % 11 === 0 ? '' : `u-${index % 11}`,
    session_id: `s-${index % 50}`,
    trace_id: '',
    parent_span_id: '',
    api_key_id: `key-${index % 3}`,
    token_id: index % 2 === 0 ? 'team-a' : '',
    tags: index % 2 === 0 ? { team: 'growth' } : {},
    revision: 1,
    provider: 'openai',
    pricing_provider: 'openai',
    operation: 'chat',
    request_model: 'asked-model',
    response_model: model,
    priced_model: model,
    response_id: `chatcmpl-${index}`,
    finish_reasons: ['stop'],
    service_tier: 'default',
    region: '',
    prompt_fp: '0011223344556677',
    path: '/v1/chat/completions',
    stream: true,
    complete: true,
    status: 200,
    outcome: index % 8 === 0 ? ('rate_limited' as const) : ('ok' as const),
    error_code: '',
    error_type: '',
    cache_status: index % 6 === 0 ? ('hit' as const) : ('none' as const),
    duration_ms: 100 + (index % 900),
    ttfb_ms: index % 90,
    overhead_us: 80,
    input_tokens: tokens,
    output_tokens: index % 31,
    total_tokens: tokens + (index % 31),
    cache_read_tokens: 0,
    cache_write_tokens: 0,
    cache_write_5m_tokens: 0,
    cache_write_1h_tokens: 0,
    reasoning_tokens: 0,
    usage: { input: tokens, output: index % 31 },
    usage_source: 'reported' as const,
    usage_flags: ['checked'],
    usage_raw: `{"prompt_tokens":${tokens}}`,
    cost_usd: cost,
    cost_input_usd: unpriced ? 0n : input,
    cost_cache_read_usd: 0n,
    cost_cache_write_usd: 0n,
    cost_output_usd: unpriced ? 0n : output,
    cost_other_usd: 0n,
    cost_reported_usd: null,
    cost_saved_usd: 0n,
    cost_source: unpriced ? ('unpriced' as const) : ('computed' as const),
    cost_flags: [],
    unpriced_reason: unpriced ? 'no_rate' : '',
    price_book_version: '2026-11-20',
    cost_lines: unpriced
      ? []
      : [
          {
            class: 'input',
            quantity: tokens,
            unit: 'token',
            rate_usd: '0.25',
            per: 1_000_000,
            rate_id: 'r1',
            amount_usd: input,
          },
          {
            class: 'search',
            quantity: 1,
            unit: 'search',
            rate_usd: '',
            per: 1,
            rate_id: '',
            amount_usd: null,
          },
        ],
    prompt_preview: 'Wie geht’s?',
    response_preview: 'Gut.',
    cache_key: 'fedcba9876543210fedcba9876543210',
    request_bytes: 400,
    response_bytes: 900,
    payload: 'full' as const,
    source_partition: 3,
    source_offset: index,
  };
}

export type SampleCost = ReturnType<typeof sampleCost>;
