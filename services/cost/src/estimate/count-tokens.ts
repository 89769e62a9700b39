/** Counts the tokens of one text: the `countTokens` of an encoding. */
export type CountText = (text: string, options: { readonly disallowedSpecial: Set<string> }) => number;

/** A run without white space beyond this takes a tokenizer time that grows with its square. */
const RUN_CHARACTERS_MAX = 2_000;
/** Beyond this a sample is counted and scaled. */
const SAMPLE_CHARACTERS = 200_000;
const SAMPLES = 4;
/** Text may name a special token; it is text all the same. */
const NOTHING_DISALLOWED = { disallowedSpecial: new Set<string>() };

/** Tokens of a text, in bounded time (reference: pricing.md §3). The same text gives the same count. */
export function countTokens(text: string, count: CountText): number {
  if (text.length <= SAMPLE_CHARACTERS) return countRuns(text, count);
  const part = SAMPLE_CHARACTERS / SAMPLES;
  const stride = Math.floor((text.length - part) / (SAMPLES - 1));
  let tokens = 0;
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    tokens += countRuns(text.slice(sample * stride, sample * stride + part), count);
  }
  return Math.round((tokens * text.length) / SAMPLE_CHARACTERS);
}

function countRuns(text: string, count: CountText): number {
  if (text.length <= RUN_CHARACTERS_MAX) return countPiece(text, count);
  let tokens = 0;
  let start = 0;
  for (const run of text.matchAll(/\S+|\s+/g)) {
    if (run[0].length <= RUN_CHARACTERS_MAX) continue;
    tokens += countPiece(text.slice(start, run.index), count);
    for (let at = 0; at < run[0].length; at += RUN_CHARACTERS_MAX) {
      tokens += countPiece(run[0].slice(at, at + RUN_CHARACTERS_MAX), count);
    }
    start = run.index + run[0].length;
  }
  return tokens + countPiece(text.slice(start), count);
}

function countPiece(text: string, count: CountText): number {
  return text === '' ? 0 : count(text, NOTHING_DISALLOWED);
}
