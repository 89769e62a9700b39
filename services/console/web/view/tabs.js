import { h } from './dom.js';

/**
 * A row of buttons of which one is pressed.
 * @template {string} Value
 * @param {string} label
 * @param {readonly (readonly [Value, string])[]} choices value and its words
 * @param {Value | undefined} chosen
 * @param {(value: Value) => void} choose
 */
export function segments(label, choices, chosen, choose) {
  return h(
    'div',
    { class: 'segments', role: 'group', 'aria-label': label },
    ...choices.map(([value, words]) =>
      h('button', { type: 'button', 'aria-pressed': String(value === chosen), click: () => choose(value) }, words),
    ),
  );
}

/**
 * A labelled choice.
 * @param {string} label
 * @param {readonly (readonly [string, string])[]} choices
 * @param {string} chosen
 * @param {(value: string) => void} choose
 */
export function choice(label, choices, chosen, choose) {
  const select = h(
    'select',
    { 'aria-label': label },
    ...choices.map(([value, words]) => h('option', { value, selected: value === chosen }, words)),
  );
  select.addEventListener('change', () => choose(select.value));
  return select;
}
