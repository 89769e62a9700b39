import { asArray, asObject, asText, type JsonObject } from '../json-access.ts';
import type { Prompt, ToolSpec } from './compose-completion.ts';
import type { PromptBlock } from './prompt-cache.ts';

/** Collects the text of a prompt block by block, so that a cache breakpoint is an offset into it. */
export class PromptText {
  #text = '';
  #images = 0;
  readonly #blocks: PromptBlock[] = [];

  add(text: string, ttl?: '5m' | '1h'): void {
    this.#text += text;
    this.#blocks.push(ttl === undefined ? { end: this.#text.length } : { end: this.#text.length, ttl });
  }

  /** Marks everything so far as a cache prefix (Bedrock's `cachePoint` is a block of its own). */
  mark(ttl: '5m' | '1h'): void {
    this.#blocks.push({ end: this.#text.length, ttl });
  }

  addImage(): void {
    this.#images += 1;
  }

  finish(): Pick<Prompt, 'text' | 'blocks' | 'images'> {
    return { text: this.#text, blocks: this.#blocks, images: this.#images };
  }
}

const IMAGE_KEYS = ['image_url', 'input_image', 'image', 'inlineData', 'inline_data', 'fileData'] as const;

/**
 * Adds one message's content of any JSON API: a text, or parts whose texts count as text and whose images count as
 * images. Everything else (tool calls and results) counts by its JSON.
 */
export function addContent(into: PromptText, role: string, content: unknown): void {
  if (typeof content === 'string') {
    into.add(`${role}: ${content}\n`);
    return;
  }
  for (const item of asArray(content)) {
    const part = asObject(item);
    const type = asText(part['type']);
    if (IMAGE_KEYS.some((key) => key in part || key === type)) into.addImage();
    else if ('cachePoint' in part) into.mark(asText(asObject(part['cachePoint'])['ttl']) === '1h' ? '1h' : '5m');
    else if (typeof part['text'] === 'string') into.add(`${role}: ${part['text']}\n`, cacheTtl(part));
    else into.add(`${role}: ${JSON.stringify(item)}\n`, cacheTtl(part));
  }
}

/** The lifetime of an Anthropic `cache_control` on a block; undefined without one. */
export function cacheTtl(part: JsonObject): '5m' | '1h' | undefined {
  if (!('cache_control' in part) || part['cache_control'] === null) return undefined;
  return asObject(part['cache_control'])['ttl'] === '1h' ? '1h' : '5m';
}

/** Tools in OpenAI's nested form (`{function: {name, parameters}}`) or its flat one (`{name, parameters}`). */
export function functionTools(tools: unknown): ToolSpec[] {
  return asArray(tools).flatMap((item) => {
    const tool = asObject(item);
    const spec = 'function' in tool ? asObject(tool['function']) : tool;
    const schema = spec['parameters'] ?? spec['input_schema'] ?? spec['parametersJsonSchema'];
    const name = asText(spec['name']);
    return name === '' ? [] : [{ name, schema: schema ?? { type: 'object' } }];
  });
}

const REASONING_MODEL =
  /(^|\/)(o[1-9]|gpt-5|gpt-oss|grok-3-mini|grok-4|gemini-2\.5|gemini-3|magistral|qwen3|deepseek-r1|deepseek-reasoner|sonar-reasoning)/;

/** True for models that think unless told not to, by the family in their name. */
export function isReasoningModel(model: string): boolean {
  return REASONING_MODEL.test(model) && !/image|embed|non-reasoning|chat-latest/.test(model);
}
