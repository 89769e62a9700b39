import { remembered } from '@weir/kernel';
import { arrayAt, asObject, type JsonObject, jsonText, objectAt, textAt } from '../normalize/json-object.ts';

// Words that change from call to call without a change of the prompt.
const VOLATILE =
  /\b(?:\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|\d{1,2}:\d{2}(?::\d{2})?|\d{10,})\b/gi;

/**
 * The part of a request that an engineer writes once: system prompt and tool definitions, without the user's words. Runs
 * of white space become one space; dates, times, UUIDs and long numbers become `#`; keys are sorted. '' when none.
 */
export function promptTemplate(request: JsonObject): string {
  const parts: TemplateParts = {
    system: systemTexts(request),
    tools: declaredTools(request),
    stored: storedPrompt(request),
  };
  const [text = ''] = parts.system;
  if (parts.tools.length === 0 && parts.stored === '' && parts.system.length < 2) return templateOfText(text);
  const key = jsonText(parts);
  return key === '' ? templateOf(parts) : templateOfKey(key);
}

/** What a template is made of, as it stands in the request. */
interface TemplateParts {
  readonly system: readonly string[];
  readonly tools: readonly unknown[];
  readonly stored: string;
}

// An application sends few templates again and again: many short ones or some long ones. A longer one is made anew
// each time. At most 32 MiB in all.
const SHORT_CHARACTERS_MAX = 4_096;

function rememberedText(compute: (key: string) => string): (key: string) => string {
  const short = remembered(1_024, compute, SHORT_CHARACTERS_MAX);
  const long = remembered(128, compute, 32_768);
  return (key) => (key.length <= SHORT_CHARACTERS_MAX ? short(key) : long(key));
}

const templateOfText = rememberedText((text) => templateOf({ system: [text], tools: [], stored: '' }));
const templateOfKey = rememberedText((key) => templateOf(JSON.parse(key) as TemplateParts));

function templateOf(parts: TemplateParts): string {
  const system = parts.system.map(normaliseText).filter((text) => text !== '');
  const tools = parts.tools.flatMap(toolDefinitions);
  const { stored } = parts;
  if (system.length === 0 && tools.length === 0 && stored === '') return '';
  return JSON.stringify(stored === '' ? { system, tools } : { system, tools, stored });
}

function normaliseText(text: string): string {
  const masked = /\d/.test(text) ? text.replace(VOLATILE, '#') : text;
  return /\s\s|[^\S ]/.test(masked) ? masked.replace(/\s+/g, ' ').trim() : masked.trim();
}

function systemTexts(request: JsonObject): string[] {
  const texts: string[] = [];
  const add = (content: unknown): void => {
    if (typeof content === 'string') texts.push(content);
    else if (Array.isArray(content)) texts.push(...content.map((part) => textAt(asObject(part), 'text')));
  };
  add(request['system']);
  add(request['instructions']);
  add(request['preamble']);
  const gemini = objectAt(request, 'systemInstruction') ?? objectAt(request, 'system_instruction');
  add(gemini?.['parts'] ?? request['systemInstruction'] ?? request['system_instruction']);
  for (const list of ['messages', 'input']) {
    for (const item of arrayAt(request, list)) {
      const message = asObject(item);
      const role = message?.['role'];
      if (role === 'system' || role === 'developer') add(message?.['content']);
    }
  }
  return texts;
}

const NO_TOOLS: readonly unknown[] = [];

function declaredTools(request: JsonObject): readonly unknown[] {
  const lists = [
    arrayAt(request, 'tools'),
    arrayAt(objectAt(request, 'toolConfig'), 'tools'),
    arrayAt(request, 'functions'),
  ];
  return lists.every((list) => list.length === 0) ? NO_TOOLS : lists.flat();
}

function toolDefinitions(item: unknown): unknown[] {
  const tool = asObject(item);
  const declared = tool?.['functionDeclarations'] ?? tool?.['function_declarations'];
  if (Array.isArray(declared)) return declared.map((one) => toolDefinition(asObject(one)));
  return tool === undefined ? [] : [toolDefinition(objectAt(tool, 'function') ?? objectAt(tool, 'toolSpec') ?? tool)];
}

function toolDefinition(tool: JsonObject | undefined): unknown {
  if (tool === undefined) return null;
  const name = textAt(tool, 'name') || textAt(tool, 'type') || Object.keys(tool).sort().join(',');
  const schema =
    tool['parameters'] ??
    tool['input_schema'] ??
    tool['parametersJsonSchema'] ??
    tool['inputSchema'] ??
    tool['parameter_definitions'];
  const description = normaliseText(textAt(tool, 'description'));
  return { name, description, schema: sorted(schema ?? null, 0) };
}

// Deeper than any real schema; keeps a hostile one from exhausting the stack.
const MAX_DEPTH = 64;

function sorted(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) return null;
  if (Array.isArray(value)) return value.map((item) => sorted(item, depth + 1));
  const object = asObject(value);
  if (object === undefined) return value;
  const entries = Object.keys(object)
    .sort()
    .map((key) => [key, sorted(object[key], depth + 1)] as const);
  return Object.fromEntries(entries);
}

/** A prompt kept at the provider: OpenAI `prompt: {id, version}`. */
function storedPrompt(request: JsonObject): string {
  const prompt = objectAt(request, 'prompt');
  const id = textAt(prompt, 'id');
  return id === '' ? '' : `${id}@${textAt(prompt, 'version')}`;
}
