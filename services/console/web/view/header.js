/** @import {Change, State} from '../state/url-state.js' */
import { DIMENSIONS, withFilter, withoutFilter } from '../state/url-state.js';
import { h } from './dom.js';
import { choice, segments } from './tabs.js';

/** @type {readonly (readonly [string, string])[]} */
const RANGES = [
  ['now-15m', '15m'],
  ['now-1h', '1h'],
  ['now-6h', '6h'],
  ['now-24h', '24h'],
  ['now-7d', '7d'],
  ['now-30d', '30d'],
];

/** A moment as the value of a local date-time field, '' when it is none. @param {number} ms */
function localField(ms) {
  if (Number.isNaN(ms)) return '';
  const shifted = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}

/** @param {string} moment @param {number} nowMs */
function momentMs(moment, nowMs) {
  const relative = /^now(?:-(\d+)([smhd]))?$/.exec(moment);
  if (relative === null) return Date.parse(moment);
  const unit = { s: 1e3, m: 6e4, h: 36e5, d: 864e5 }[relative[2] ?? 's'] ?? 0;
  return nowMs - Number(relative[1] ?? 0) * unit;
}

/** @param {State} state @param {Change} change */
export function rangePicker(state, change) {
  const preset = state.to === 'now' ? RANGES.find(([from]) => from === state.from)?.[0] : undefined;
  const now = Date.now();
  const from = h('input', { type: 'datetime-local', value: localField(momentMs(state.from, now)), required: true });
  const to = h('input', { type: 'datetime-local', value: localField(momentMs(state.to, now)), required: true });
  const form = h(
    'form',
    { class: 'popover' },
    h('label', {}, 'From', from),
    h('label', {}, 'To', to),
    h('button', { type: 'submit' }, 'Show'),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (from.value >= to.value) {
      to.setCustomValidity('The end must be after the start.');
      to.reportValidity();
      to.setCustomValidity('');
      return;
    }
    change({ from: new Date(from.value).toISOString(), to: new Date(to.value).toISOString() });
  });
  const custom = h(
    'details',
    { class: 'custom' },
    h('summary', { class: preset === undefined ? 'chosen' : '' }, 'Custom'),
    form,
  );
  return [segments('Time range', RANGES, preset, (value) => change({ from: value, to: 'now' })), custom];
}

/** @param {State} state @param {Change} change */
export function filterBar(state, change) {
  const chips = state.filters.map(([name, value]) =>
    h(
      'button',
      {
        type: 'button',
        class: 'chip',
        'aria-label': `Remove filter ${DIMENSIONS[name]} ${value}`,
        click: () => change((now) => withoutFilter(now, name, value)),
      },
      h('span', { class: 'chip-name' }, DIMENSIONS[name] ?? name),
      value === '' ? 'none' : value,
      h('span', { class: 'cross', 'aria-hidden': 'true' }, '×'),
    ),
  );
  const value = h('input', { type: 'text', 'aria-label': 'Filter value', placeholder: 'value, e.g. gpt-5', size: 16 });
  const name = choice('Filter by', Object.entries(DIMENSIONS), 'model', () => value.focus());
  const form = h('form', { class: 'add-filter' }, name, value, h('button', { type: 'submit' }, 'Filter'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    change((now) => withFilter(now, name.value, value.value.trim()));
  });
  const clear =
    chips.length < 2
      ? null
      : h('button', { type: 'button', class: 'quiet', click: () => change({ filters: [] }) }, 'Clear all');
  return [...chips, clear, form].filter((child) => child !== null);
}
