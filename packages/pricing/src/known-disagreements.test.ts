import { existsSync, readFileSync } from 'node:fs';
import { picoFromText, picoToText } from '@weir/kernel';
import { describe, expect, it } from 'vitest';
import { embeddedPriceBook } from './embedded-price-book.ts';
import { priceRecord } from './record/price-record.ts';

const FILE = new URL('../../../../shared/reference/prices/known-disagreements.jsonl', import.meta.url);
const present = existsSync(FILE);
if (!present) process.stderr.write(`SKIPPED: judged corrections are absent (${FILE.pathname})\n`);

interface Disagreement {
  readonly provider: string;
  readonly model: string;
  readonly at: string;
  readonly service_tier: string;
  readonly category: string;
  readonly follow: string | null;
  readonly sources_say: Readonly<Record<string, string>>;
}

/** What the sample of an entry used where its costs tell, and the rates that the judgement names, `unit amount/per`. */
interface Replay {
  readonly usage: Readonly<Record<string, number>>;
  readonly image?: { readonly quality: string; readonly size: string };
  readonly rates: readonly string[];
  /** Whether the cost of `usage` is the one that the followed list says. */
  readonly sample?: true;
}

const M = 1_000_000;
const text = (input: string, output: string): Replay => ({
  usage: { input_tokens: 2_000, output_tokens: 500 },
  rates: [`input ${input}/${M}`, `output ${output}/${M}`],
});
const sample = (input_tokens: number, output_tokens: number, input: string, output: string): Replay => ({
  ...text(input, output),
  usage: { input_tokens, output_tokens },
  sample: true,
});
const cached = (input: string, read: string, output: string): Replay => ({
  usage: { input_tokens: 2_000, cache_read_tokens: 900, output_tokens: 500 },
  rates: [`input ${input}/${M}`, `cache_read ${read}/${M}`, `output ${output}/${M}`],
});
const written = (input: string, write: string, output: string): Replay => ({
  usage: { input_tokens: 2_000, cache_write_tokens: 900, cache_write_1h_tokens: 900, output_tokens: 500 },
  rates: [`input ${input}/${M}`, `cache_write_1h ${write}/${M}`, `output ${output}/${M}`],
});
const long = (inputTokens: number, input: string, output: string): Replay => ({
  ...text(input, output),
  usage: { input_tokens: inputTokens, output_tokens: 1_000 },
});
const realtime = (audio: string, read: string, output: string): Replay => ({
  usage: {
    input_tokens: 1_000,
    input_audio_tokens: 1_000,
    cache_read_tokens: 400,
    cache_read_audio_tokens: 400,
    output_tokens: 100,
    output_audio_tokens: 100,
  },
  rates: [`input_audio ${audio}/${M}`, `cache_read_audio ${read}/${M}`, `output_audio ${output}/${M}`],
});
const images = (count: number, amount: string, quality: string, size: string): Replay => ({
  usage: { images: count },
  image: { quality, size },
  rates: [`image ${amount}/1`],
  sample: true,
});

/** Judgements by provider, model and category; several of one kind stand in the order of the file. */
const REPLAYS: Readonly<Record<string, readonly Replay[]>> = {
  'google gemini-3.6-flash plain': [text('1.5', '7.5')],
  'google gemini-3.6-flash cache_read': [cached('1.5', '0.15', '7.5')],
  'google gemini-3.6-flash historic': [sample(5_000, 1_000, '1.5', '7.5')],
  'google gemini-3.6-flash intro_price': [sample(5_000, 1_000, '1.5', '7.5')],
  'deepseek deepseek-chat plain': [text('0.14', '0.28')],
  'deepseek deepseek-reasoner plain': [text('0.14', '0.28')],
  'mistral mistral-large-latest plain': [text('0.5', '1.5')],
  'mistral mistral-small-latest plain': [text('0.15', '0.6')],
  'mistral codestral-latest plain': [text('0.3', '0.9')],
  'groq gemma-7b-it plain': [text('0.07', '0.07')],
  'xai grok-4.5 cache_read': [cached('2', '0.3', '6')],
  'anthropic claude-3-haiku-20240307 cache_write_1h': [written('0.25', '0.5', '1.25')],
  'anthropic claude-3-opus-20240229 cache_write_1h': [written('15', '30', '75')],
  'openai gpt-5.4 tier_long_context': [sample(272_000, 3_000, '2.5', '15')],
  'openai gpt-5.5 tier_long_context': [sample(272_000, 3_000, '5', '30')],
  'xai grok-4-fast-reasoning tier_long_context': [
    sample(128_000, 1_200, '0.4', '1'),
    sample(128_001, 1_200, '0.4', '1'),
    sample(168_000, 1_200, '0.4', '1'),
  ],
  'xai grok-4 tier_long_context': [sample(128_001, 1_200, '6', '30'), sample(168_000, 1_200, '6', '30')],
  // No call of that day can have been this long, so the tier ends where its offer did.
  'bedrock anthropic.claude-sonnet-4-20250514-v1:0 tier_long_context': [long(250_000, '3', '15')],
  'openai gpt-4o-audio-preview audio': [
    {
      usage: { input_tokens: 1_000, input_audio_tokens: 1_000, output_tokens: 100, output_audio_tokens: 100 },
      rates: [`input_audio 40/${M}`, `output_audio 80/${M}`],
    },
  ],
  'openai gpt-realtime audio': [realtime('32', '0.4', '64')],
  'openai gpt-realtime-mini audio': [realtime('10', '0.3', '20')],
  'groq whisper-large-v3 audio_seconds': [
    { usage: { input_audio_seconds: 1_943 }, rates: ['audio_second 0.111/3600'], sample: true },
  ],
  'groq whisper-large-v3-turbo audio_seconds': [
    { usage: { input_audio_seconds: 3_041 }, rates: ['audio_second 0.04/3600'], sample: true },
  ],
  'openai gpt-4o-transcribe audio': [
    {
      usage: { input_tokens: 1_000, input_audio_tokens: 900, output_tokens: 100 },
      rates: [`input 2.5/${M}`, `input_audio 6/${M}`, `output 10/${M}`],
    },
  ],
  'openai gpt-4o-mini-transcribe audio': [
    {
      usage: { input_tokens: 1_000, input_audio_tokens: 900, output_tokens: 100 },
      rates: [`input 1.25/${M}`, `input_audio 3/${M}`, `output 5/${M}`],
    },
  ],
  // Lists print half of 0.275 rounded or not; the vendor prints 0.138.
  'openai o4-mini flex': [cached('0.55', '0.138', '2.2')],
  'openai gpt-5.5 priority': [text('12.5', '75'), cached('12.5', '1.25', '75')],
  'bedrock amazon.titan-embed-text-v2:0 embedding': [
    { usage: { input_tokens: 5_196 }, rates: [`input 0.02/${M}`], sample: true },
  ],
  'openai dall-e-3 image_per_image': [
    images(4, '0.04', 'standard', '1024x1024'),
    images(2, '0.08', 'hd', '1024x1024'),
    images(2, '0.08', 'standard', '1024x1792'),
    images(1, '0.12', 'hd', '1024x1792'),
  ],
  'openai dall-e-2 image_per_image': [images(2, '0.02', '', '1024x1024')],
  'google gemini-3.1-pro-preview web_search': [
    {
      usage: { input_tokens: 1_000, output_tokens: 100, web_searches: 1 },
      rates: [`input 2/${M}`, `output 12/${M}`, 'web_search 14/1000'],
    },
  ],
  'mistral mistral-ocr-latest ocr': [{ usage: { document_pages: 12 }, rates: ['page 2/1000'], sample: true }],
  'openai o3 historic': [
    {
      usage: { input_tokens: 4_321, cache_read_tokens: 2_048, output_tokens: 1_234 },
      rates: [`input 10/${M}`, `cache_read 2.5/${M}`, `output 40/${M}`],
      sample: true,
    },
  ],
  'mistral mistral-medium-latest historic': [sample(5_000, 1_000, '1.5', '7.5')],
  'mistral ministral-8b-latest historic': [sample(5_000, 1_000, '0.15', '0.15')],
  'azure gpt-4o-mini prefix_azure': [text('0.15', '0.6')],
  'bedrock anthropic.claude-sonnet-4-5-20250929-v1:0 prefix_bedrock': [text('3.3', '16.5')],
  'bedrock meta.llama3-1-70b-instruct-v1:0 prefix_bedrock': [text('0.72', '0.72')],
  'bedrock mistral.mistral-large-2402-v1:0 prefix_bedrock': [text('4', '12')],
  'vertex_ai claude-3-5-haiku@20241022 prefix_vertex': [text('0.8', '4')],
  'openrouter deepseek/deepseek-chat-v3.1 prefix_openrouter': [sample(3_991, 2_501, '0.25', '0.95')],
  'openrouter meta-llama/llama-3.3-70b-instruct prefix_openrouter': [sample(3_893, 477, '0.13', '0.4')],
  'openrouter mistralai/mistral-large prefix_openrouter': [text('2', '6')],
  'openrouter qwen/qwen3-coder prefix_openrouter': [sample(2_244, 2_205, '0.3', '1')],
  'openrouter z-ai/glm-4.6 prefix_openrouter': [sample(8_958, 2_355, '0.5', '2')],
  'openrouter openai/gpt-oss-120b prefix_openrouter': [sample(3_943, 2_845, '0.037', '0.17')],
  'openrouter openai/gpt-oss-20b prefix_openrouter': [sample(919, 219, '0.03', '0.13')],
  'deepseek deepseek-v4-pro time_of_day': [text('0.66', '1.98')],
};

const entries = present
  ? readFileSync(FILE, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Disagreement)
  : [];
const keyOf = ({ provider, model, category }: Disagreement): string => `${provider} ${model} ${category}`;
const cases = entries.map((entry, index) => {
  const nth = entries.slice(0, index).filter((other) => keyOf(other) === keyOf(entry)).length;
  return [`${keyOf(entry)} ${nth + 1}`, entry, nth] as const;
});
const book = embeddedPriceBook();
/** Decimal text at the precision of the ledger. */
const atTwelve = (decimal: string): string => {
  const [whole = '0', fraction = ''] = decimal.split('.');
  return picoToText(
    picoFromText(`${whole}.${fraction.slice(0, 12).padEnd(12, '0')}`) + (Number(fraction[12] ?? 0) > 5 ? 1n : 0n),
  );
};

describe.skipIf(!present)('judged corrections', () => {
  it('are all here', () => {
    expect(entries).toHaveLength(56);
  });

  it.each(cases)('I4 %s', (_, entry, nth) => {
    const { provider, model, at, service_tier, follow, sources_say: says } = entry;
    const replay = REPLAYS[keyOf(entry)]?.[nth];
    const ask = { id: model, provider, model, at, service_tier };
    if (follow === null) {
      // A name that moves without notice: the answer's model has a price, the name alone has none.
      const usage = { input_tokens: 1_000 };
      expect(priceRecord(book, { ...ask, usage })).toMatchObject({ cost_usd: null, reason: 'unknown_model' });
      const answered = { ...ask, request_model: model, model: 'gemini-3-flash-preview', usage };
      expect(priceRecord(book, answered)).toMatchObject({ cost_usd: '0.0005', model: 'gemini-3-flash-preview' });
      return;
    }
    expect(replay, `${keyOf(entry)} is judged here too`).toBeDefined();
    const { usage, image, rates, sample: isSample } = replay as Replay;
    const priced = priceRecord(book, { ...ask, usage, ...(image === undefined ? {} : { image }) });
    expect(priced.lines.map((line) => `${line.class} ${line.rate}/${line.per}`)).toEqual(rates);
    if (isSample === true) expect(priced.cost_usd).toBe(atTwelve(says[follow] ?? ''));
  });
});
