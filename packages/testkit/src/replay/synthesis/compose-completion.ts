import { EMPTY_USAGE, type TokenUsage } from '@weir/usage';
import { type CacheUse, NO_CACHE_USE, type PromptBlock, PromptCache, tokensOf } from './prompt-cache.ts';
import { schemaInstance } from './schema-instance.ts';
import { type SeededRandom, seededRandom } from './seeded-random.ts';

/** What a request asks for, in one form for every API. */
export interface Prompt {
  readonly model: string;
  /** Everything the model would read, in order. */
  readonly text: string;
  readonly images: number;
  /** Ends of the content blocks of `text`; those with a lifetime are cache breakpoints. */
  readonly blocks: readonly PromptBlock[];
  readonly caching: 'automatic' | 'automatic-with-writes' | 'explicit' | 'none';
  /** Tools the answer must call one of; empty when it answers with text. */
  readonly tools: readonly ToolSpec[];
  readonly maxOutputTokens: number | undefined;
  readonly reasoning: boolean;
  /** When set, the text is JSON that fits it. */
  readonly schema?: unknown;
}

export interface ToolSpec {
  readonly name: string;
  readonly schema: unknown;
}

export interface ToolCall {
  readonly name: string;
  readonly arguments: unknown;
  /** 24 hexadecimal digits; each API adds its own prefix. */
  readonly id: string;
}

/** An answer, in one form for every API; `usage` is the truth that the API's own fields are written from. */
export interface Completion {
  /** 24 hexadecimal digits, different for every answer of one provider. */
  readonly id: string;
  /** Seconds since the epoch; part of the deterministic answer, not the time of day. */
  readonly created: number;
  /** The text, one piece per token. */
  readonly pieces: readonly string[];
  readonly reasoningPieces: readonly string[];
  readonly toolCalls: readonly ToolCall[];
  readonly finish: 'stop' | 'length' | 'tool_calls';
  readonly usage: TokenUsage;
}

export interface ComposerOptions {
  readonly seed: string;
  /** Visible tokens of an answer that no request limit cuts. */
  readonly outputTokens: { readonly min: number; readonly max: number };
  /** Prompt prefixes remembered. */
  readonly cacheCapacity: number;
}

/** Answers a prompt; `body` is what the request's bytes seed. */
export type Compose = (scope: string, prompt: Prompt, body: Uint8Array) => Completion;

const WORDS =
  'the weir measures what flows and stops nothing a quiet wall across water each litre counted once then let go'.split(
    ' ',
  );
export const IMAGE_TOKENS = 258;
const MESSAGE_OVERHEAD_TOKENS = 3;
const TOOL_CALL_OVERHEAD_TOKENS = 8;
const FIRST_CREATED = 1_780_000_000;
const MAX_REPEATS_TRACKED = 100_000;

/** Makes the composer of one provider: it remembers prompt prefixes, and how often each body came (for unique ids). */
export function createComposer(options: ComposerOptions): Compose {
  const cache = new PromptCache(options.cacheCapacity);
  const nextRepeat = repeatCounter();
  return (scope, prompt, body) => {
    const random = seededRandom(options.seed, scope, body);
    const content = composeContent(prompt, random, options);
    const cacheUse = useCache(cache, `${scope}/${prompt.model}`, prompt);
    const repeat = nextRepeat(`${scope}:${random.hex(16)}`);
    return {
      ...content,
      id: seededRandom(options.seed, scope, body, repeat).hex(24),
      created: FIRST_CREATED + random.int(0, 10_000_000),
      usage: usageOf(prompt, content, cacheUse),
    };
  };
}

function repeatCounter(): (key: string) => string {
  const counts = new Map<string, number>();
  let generation = 0;
  return (key) => {
    if (counts.size >= MAX_REPEATS_TRACKED) {
      counts.clear();
      generation += 1;
    }
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return `${generation}.${count}`;
  };
}

function useCache(cache: PromptCache, scope: string, prompt: Prompt): CacheUse {
  if (prompt.caching === 'none') return NO_CACHE_USE;
  if (prompt.caching === 'explicit') return cache.explicit(scope, prompt.text, prompt.blocks);
  const use = cache.automatic(scope, prompt.text);
  return prompt.caching === 'automatic' ? { ...use, writeTokens: 0 } : use;
}

type Content = Pick<Completion, 'pieces' | 'reasoningPieces' | 'toolCalls' | 'finish'>;

function composeContent(prompt: Prompt, random: SeededRandom, options: ComposerOptions): Content {
  const limit = prompt.maxOutputTokens ?? Number.MAX_SAFE_INTEGER;
  const wanted = random.int(options.outputTokens.min, options.outputTokens.max);
  const thinking = prompt.reasoning ? Math.min(random.int(wanted, wanted * 2), Math.floor(limit / 2)) : 0;
  const reasoningPieces = words(thinking, random);
  if (prompt.tools.length > 0) {
    return { pieces: [], reasoningPieces, toolCalls: callTools(prompt.tools, random), finish: 'tool_calls' };
  }
  const pieces =
    prompt.schema === undefined
      ? words(wanted, random)
      : (JSON.stringify(schemaInstance(prompt.schema, random)).match(/[\s\S]{1,4}/g) ?? []);
  const room = limit - thinking;
  return pieces.length > room
    ? { pieces: pieces.slice(0, room), reasoningPieces, toolCalls: [], finish: 'length' }
    : { pieces, reasoningPieces, toolCalls: [], finish: 'stop' };
}

function words(count: number, random: SeededRandom): string[] {
  return Array.from({ length: count }, (_, index) => (index === 0 ? 'So' : ` ${random.pick(WORDS)}`));
}

/** One call, or one of each of the first two tools for a quarter of the seeds. */
function callTools(tools: readonly ToolSpec[], random: SeededRandom): ToolCall[] {
  const count = tools.length > 1 && random.next() < 0.25 ? 2 : 1;
  return tools.slice(0, count).map((tool) => ({
    name: tool.name,
    arguments: schemaInstance(tool.schema, random),
    id: random.hex(24),
  }));
}

function usageOf(prompt: Prompt, content: Content, cache: CacheUse): TokenUsage {
  const callTokens = content.toolCalls.map(
    (call) => tokensOf(JSON.stringify(call.arguments).length) + TOOL_CALL_OVERHEAD_TOKENS,
  );
  const inputTokens = tokensOf(prompt.text.length) + MESSAGE_OVERHEAD_TOKENS + prompt.images * IMAGE_TOKENS;
  const outputTokens =
    content.pieces.length + content.reasoningPieces.length + callTokens.reduce((sum, tokens) => sum + tokens, 0);
  return {
    ...EMPTY_USAGE,
    inputTokens,
    outputTokens,
    totalTokens: inputTokens + outputTokens,
    cacheReadTokens: cache.readTokens,
    cacheWriteTokens: cache.write5mTokens + cache.write1hTokens + cache.writeTokens,
    cacheWrite5mTokens: cache.write5mTokens,
    cacheWrite1hTokens: cache.write1hTokens,
    reasoningTokens: content.reasoningPieces.length,
  };
}
