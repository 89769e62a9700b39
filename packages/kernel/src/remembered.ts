/** Keys longer than this are not worth the memory, unless a caller says otherwise. */
const KEY_CHARACTERS_MAX = 512;

/**
 * A pure function of one text that remembers its latest answers: at least `limit` of them, never more than twice that.
 * Two generations take turns, so that a key in use stays and no key is ever looked for by age.
 */
export function remembered<Answer>(
  limit: number,
  compute: (key: string) => Answer,
  keyCharactersMax: number = KEY_CHARACTERS_MAX,
): (key: string) => Answer {
  let young = new Map<string, Answer>();
  let old = new Map<string, Answer>();
  return (key) => {
    const known = young.get(key);
    if (known !== undefined) return known;
    if (key.length > keyCharactersMax) return compute(key);
    const answer = old.get(key) ?? compute(key);
    if (young.size >= limit) {
      old = young;
      young = new Map();
    }
    young.set(key, answer);
    return answer;
  };
}
