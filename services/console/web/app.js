/** @import {AboutAnswer, OverviewAnswer} from '../src/api/answers.ts' */
/** @import {Change, State} from './state/url-state.js' */
import { ask } from './state/api.js';
import { isLive, parseState, scopeQuery, stateUrl } from './state/url-state.js';
import { createBreakdownCard } from './view/breakdown-card.js';
import { byId, redraw } from './view/dom.js';
import { firstRequest } from './view/first-request.js';
import { filterBar, rangePicker } from './view/header.js';
import { createLoader } from './view/loader.js';
import { createRequestDialog } from './view/request-dialog.js';
import { RequestsCard } from './view/requests-card.js';
import { createSeriesCard } from './view/series-card.js';
import { tiles } from './view/tiles.js';

const REFRESH_MS = 15_000;

let state = parseState(location.search);
/** @type {AboutAnswer} */
let about = { sql_url: null, gateway_url: '' };

const page = { change, sqlUrl: () => about.sql_url, arrived };
const overviewPlace = byId('overview');
const overview = createLoader(overviewPlace);
const series = createSeriesCard(byId('series'), page);
const breakdowns = [
  createBreakdownCard(byId('by-model'), 'model', page),
  createBreakdownCard(byId('by-feature'), 'feature', page),
];
const requests = new RequestsCard(byId('requests'), state, page);
const dialog = createRequestDialog(/** @type {HTMLDialogElement} */ (byId('request')), {
  close: () => {
    if (state.request !== null) change({ request: null });
  },
  open: (id) => change({ request: id }),
  sqlUrl: page.sqlUrl,
});

/** A new entry in the history, unless nothing changes. @type {Change} */
function change(to) {
  const next = typeof to === 'function' ? to(state) : { ...state, ...to };
  const url = stateUrl(next);
  if (url === stateUrl(state)) return;
  history.pushState(null, '', url);
  show(next);
}

/** @param {State} next */
function show(next) {
  const before = state;
  state = next;
  dialog.update(next.request);
  const sameScope = stateUrl({ ...before, request: null }) === stateUrl({ ...next, request: null });
  requests.remember(next);
  if (sameScope) return;
  const sameRows = scopeQuery(before).toString() === scopeQuery(next).toString();
  if (sameRows) void series.update(next);
  else showAll();
}

function showAll() {
  redraw(byId('range'), ...rangePicker(state, change));
  redraw(byId('filters'), ...filterBar(state, change));
  updateFigures(false);
  void requests.update(state);
}

/** Loads all figures but the list. @param {boolean} quiet leaves a card alone while someone works in it */
function updateFigures(quiet) {
  const busy = (/** @type {string} */ id) => quiet && byId(id).matches(':hover, :focus-within');
  void overview.run((signal) => ask('/api/overview', scopeQuery(state), signal), drawOverview);
  if (!busy('series')) void series.update(state);
  if (!busy('by-model')) void breakdowns[0]?.update(state);
  if (!busy('by-feature')) void breakdowns[1]?.update(state);
}

/** A first request ends the empty state at once, without waiting for the next refresh. */
function arrived() {
  if (byId('cards').hidden) updateFigures(false);
}

/** @param {OverviewAnswer} answer */
function drawOverview(answer) {
  const nothing = answer.totals.requests === 0 && answer.previous.requests === 0 && state.filters.length === 0;
  byId('cards').hidden = nothing;
  return nothing ? firstRequest(about.gateway_url) : tiles(answer);
}

addEventListener('popstate', () => show(parseState(location.search)));
setInterval(() => {
  if (isLive(state) && !document.hidden && state.request === null) updateFigures(true);
}, REFRESH_MS);

/** @param {AboutAnswer} answer */
function start(answer) {
  about = answer;
  showAll();
  dialog.update(state.request);
  return [];
}

void overview.run((signal) => ask('/api/about', new URLSearchParams(), signal), start);
