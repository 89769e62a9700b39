import { arrayAt, asObject, type JsonObject, objectAt, textAt } from '../normalize/json-object.ts';

// Words that change from call to call without a change of the prompt.
const VOLATILE =
  /\b(?:\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|\d{1,2}:\d{2}(?::\d{2})?|\d{10,})\b/gi;

/**
 * The part of a request that an engineer writes once: system prompt and tool definitions, without the user's words. Runs
 * of white space become one space; dates, times, UUIDs and long numbers become `#`; keys are sorted. '' when none.
 */
export function promptTemplate(request: JsonObject): string {
  const system = systemTexts(request)
    .map(normaliseText)
    .filter((text) => text !== '');
  const tools = toolDefinitions(request);
  const stored = storedPrompt(request);
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

function toolDefinitions(request: JsonObject): unknown[] {
  const tools: unknown[] = [];
  const lists = [
    arrayAt(request, 'tools'),
    arrayAt(objectAt(request, 'toolConfig'), 'tools'),
    arrayAt(request, 'functions'),
  ];
  for (const item of lists.flat()) {
    const tool = asObject(item);
    const declared = tool?.['functionDeclarations'] ?? tool?.['function_declarations'];
    if (Array.isArray(declared)) for (const one of declared) tools.push(toolDefinition(asObject(one)));
    else if (tool !== undefined)
      tools.push(toolDefinition(objectAt(tool, 'function') ?? objectAt(tool, 'toolSpec') ?? tool));
  }
  return tools;
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
