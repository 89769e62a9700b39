/** @import {Child} from './dom.js' */
import { ApiError } from '../state/api.js';
import { h } from './dom.js';

/**
 * Loads into a place of the page: shows that it is loading, what came, or why it did not. A newer load replaces an
 * older one that is under way.
 * @param {HTMLElement} place
 */
export function createLoader(place) {
  let current = new AbortController();
  let loadedOnce = false;

  /**
   * @template T
   * @param {(signal: AbortSignal) => Promise<T>} load
   * @param {(answer: T) => Child | readonly Child[]} draw
   */
  async function run(load, draw) {
    current.abort();
    const mine = new AbortController();
    current = mine;
    place.setAttribute('aria-busy', 'true');
    if (!loadedOnce) place.replaceChildren(h('p', { class: 'note' }, 'Loading…'));
    try {
      const answer = await load(mine.signal);
      if (mine.signal.aborted) return;
      const drawn = draw(answer);
      const children = Array.isArray(drawn) ? drawn : [drawn];
      place.replaceChildren(...children.filter((child) => child));
      loadedOnce = true;
    } catch (error) {
      if (mine.signal.aborted) return;
      place.replaceChildren(problem(error, () => run(load, draw)));
    } finally {
      if (current === mine) place.removeAttribute('aria-busy');
    }
  }

  return { run };
}

/** @param {unknown} error @param {() => void} again */
function problem(error, again) {
  if (!(error instanceof ApiError)) throw error;
  return h(
    'div',
    { class: 'problem', role: 'alert' },
    h('p', {}, h('strong', {}, 'Not loaded. '), error.message),
    error.fix === null ? null : h('p', { class: 'note' }, error.fix),
    h('p', {}, h('code', {}, error.code), ' ', h('button', { type: 'button', click: again }, 'Try again')),
  );
}
