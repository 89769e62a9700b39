import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { promptTemplate } from './request-template.ts';

/** What an engineer writes, and what a user does. */
interface Prompt {
  readonly system: string;
  readonly tool: string;
  readonly description: string;
  readonly property: string;
  readonly user: string;
}

const schema = ({ property }: Prompt) => ({ type: 'object', properties: { [property]: { type: 'string' } } });
const FAMILIES: Readonly<Record<string, (prompt: Prompt) => Record<string, unknown>>> = {
  'OpenAI chat': (prompt) => ({
    model: 'm',
    messages: [
      { role: 'system', content: prompt.system },
      { role: 'user', content: prompt.user },
    ],
    tools: [
      {
        type: 'function',
        function: { name: prompt.tool, description: prompt.description, parameters: schema(prompt) },
      },
    ],
  }),
  Responses: (prompt) => ({
    instructions: prompt.system,
    input: [{ role: 'user', content: [{ type: 'input_text', text: prompt.user }] }],
    tools: [{ type: 'function', name: prompt.tool, description: prompt.description, parameters: schema(prompt) }],
  }),
  Anthropic: (prompt) => ({
    system: [{ type: 'text', text: prompt.system }],
    messages: [{ role: 'user', content: prompt.user }],
    tools: [{ name: prompt.tool, description: prompt.description, input_schema: schema(prompt) }],
  }),
  Gemini: (prompt) => ({
    systemInstruction: { parts: [{ text: prompt.system }] },
    contents: [{ role: 'user', parts: [{ text: prompt.user }] }],
    tools: [
      { functionDeclarations: [{ name: prompt.tool, description: prompt.description, parameters: schema(prompt) }] },
    ],
  }),
  'Bedrock Converse': (prompt) => ({
    system: [{ text: prompt.system }],
    messages: [{ role: 'user', content: [{ text: prompt.user }] }],
    toolConfig: {
      tools: [
        { toolSpec: { name: prompt.tool, description: prompt.description, inputSchema: { json: schema(prompt) } } },
      ],
    },
  }),
  Cohere: (prompt) => ({
    messages: [
      { role: 'system', content: prompt.system },
      { role: 'user', content: prompt.user },
    ],
    tools: [
      {
        type: 'function',
        function: { name: prompt.tool, description: prompt.description, parameters: schema(prompt) },
      },
    ],
  }),
};

const words = fc.array(fc.stringMatching(/^[a-z]{1,9}$/), { minLength: 1, maxLength: 8 });
const name = fc.stringMatching(/^[a-z]{1,12}$/);
const prompt = fc.record({ system: words, tool: name, description: words, property: name, user: fc.string() });
const written = (
  value: { system: string[]; description: string[] } & Omit<Prompt, 'system' | 'description'>,
): Prompt => ({
  ...value,
  system: value.system.join(' '),
  description: value.description.join(' '),
});
const space = fc.constantFrom(' ', '\n', '  ', '\t', '\r\n', ' \n\n ');

describe.each(Object.entries(FAMILIES))('I5 the prompt template of %s', (_family, request) => {
  it('does not change with what the user says, with white space, dates and ids, or the order of keys', () => {
    fc.assert(
      fc.property(
        prompt,
        fc.string(),
        space,
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }),
        (value, user, gap, date) => {
          const base = written(value);
          const template = promptTemplate(request({ ...base, system: `${base.system} at 2026-11-20T10:00:00Z` }));
          const system = ` ${value.system.join(gap)}${gap}at ${date.toISOString()}${gap}`;
          const same = request({ ...base, system, description: value.description.join(gap), user });
          const reordered = Object.fromEntries(Object.entries(same).reverse());
          expect(promptTemplate(same)).toBe(template);
          expect(promptTemplate(reordered)).toBe(template);
          if (user.length > 20) expect(template).not.toContain(user);
        },
      ),
    );
  });

  it.each(['system', 'tool', 'description', 'property'] as const)('changes with the %s', (part) => {
    fc.assert(
      fc.property(prompt, (value) => {
        const base = written(value);
        expect(promptTemplate(request({ ...base, [part]: `${base[part]}x` }))).not.toBe(promptTemplate(request(base)));
      }),
    );
  });
});
