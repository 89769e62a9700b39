/** Of generated text, about as many characters make a token; a delta is at least one. */
const CHARS_PER_TOKEN = 4;
const TEXT = /"(?:content|text|arguments|partial_json|thinking|reasoning|reasoning_content)"\s*:\s*"((?:[^"\\]|\\.)+)/g;
const DELTA = /"delta"\s*:\s*"((?:[^"\\]|\\.)+)/g;
/** Events of the Responses API repeat at their end what came before as deltas. */
const RESPONSES = '"type":"response.';

/** Output tokens of a stream of events as it passes: an estimate from the texts in it, without parsing. */
export class StreamedTokens {
  #deltasOnly = false;
  #count = 0;

  get count(): number {
    return Math.ceil(this.#count);
  }

  push(chunk: Buffer): void {
    const text = chunk.toString('latin1');
    this.#deltasOnly ||= text.includes(RESPONSES);
    for (const [, said = ''] of text.matchAll(this.#deltasOnly ? DELTA : TEXT)) {
      this.#count += Math.max(1, said.length / CHARS_PER_TOKEN);
    }
  }
}
