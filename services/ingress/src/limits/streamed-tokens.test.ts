import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamedTokens } from './streamed-tokens.ts';

const WORDS = ['The', ' quick', ' brown', ' fox', ' jumps', ' over', ' the', ' lazy', ' dog', '.'];
const event = (data: object, name = ''): string =>
  `${name === '' ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;
const whole = WORDS.join('');

const streams: Record<string, string> = {
  'chat completions': [
    event({ choices: [{ delta: { role: 'assistant', content: '' } }] }),
    ...WORDS.map((content) => event({ choices: [{ delta: { content } }] })),
    'data: [DONE]\n\n',
  ].join(''),
  'tool calls': WORDS.map((word) =>
    event({ choices: [{ delta: { tool_calls: [{ function: { arguments: word } }] } }] }),
  ).join(''),
  responses: [
    event({ type: 'response.created', response: { instructions: 'Be brief.' } }, 'response.created'),
    ...WORDS.map((delta) => event({ type: 'response.output_text.delta', delta }, 'response.output_text.delta')),
    event({ type: 'response.output_text.done', text: whole }, 'response.output_text.done'),
    event({ type: 'response.completed', response: { output: [{ content: [{ text: whole }] }] } }, 'response.completed'),
  ].join(''),
  messages: [
    event({ type: 'message_start', message: { content: [], usage: { input_tokens: 9 } } }, 'message_start'),
    ...WORDS.map((text) =>
      event({ type: 'content_block_delta', delta: { type: 'text_delta', text } }, 'content_block_delta'),
    ),
  ].join(''),
  gemini: WORDS.map((text) => event({ candidates: [{ content: { parts: [{ text }], role: 'model' } }] })).join(''),
};

describe('output tokens of a stream', () => {
  it.each(Object.entries(streams))('of %s are about its words', (_, text) => {
    const tokens = new StreamedTokens();
    tokens.push(Buffer.from(text));
    expect(tokens.count).toBeGreaterThanOrEqual(WORDS.length);
    expect(tokens.count).toBeLessThanOrEqual(WORDS.length * 1.6);
  });

  it('I7 whatever comes, in whatever pieces, is counted within its length', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 40 }), (pieces) => {
        const tokens = new StreamedTokens();
        for (const piece of pieces) tokens.push(Buffer.from(piece));
        expect(tokens.count).toBeLessThanOrEqual(pieces.reduce((sum, { length }) => sum + length, 0));
      }),
    );
  });
});
