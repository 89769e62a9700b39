/** @import {RequestsAnswer} from '../../src/api/answers.ts' */
/** @import {Change, State} from '../state/url-state.js' */
import { ask } from '../state/api.js';
import { watchRows } from '../state/live-rows.js';
import { RequestList } from '../state/request-list.js';
import { filterQuery, isLive, scopeQuery, stateUrl } from '../state/url-state.js';
import { h, redraw } from './dom.js';
import { createLoader } from './loader.js';
import { createRequestRows } from './request-rows.js';
import { sqlPanel } from './sql-panel.js';
import { segments } from './tabs.js';

const RELOAD_AFTER_GAP_MS = 5_000;

/** The newest requests; new ones join as they arrive while the range ends now. */
export class RequestsCard {
  #head = h('header', {});
  #body = h('div', { class: 'card-body' });
  #loader = createLoader(this.#body);
  #list = new RequestList();
  #rows;
  #page;
  /** @type {State} */
  #state;
  /** @type {'table' | 'sql'} */
  #view = 'table';
  /** @type {'open' | 'waiting' | 'off'} */
  #connection = 'off';
  #paused = false;
  #drawPlanned = false;
  /** @type {RequestsAnswer | undefined} */
  #latest;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #reload;
  #unwatch = () => {};

  /**
   * @param {HTMLElement} card
   * @param {State} state
   * @param {{change: Change, sqlUrl(): string | null, arrived(): void}} page
   */
  constructor(card, state, page) {
    this.#state = state;
    this.#page = page;
    this.#rows = createRequestRows({
      open: (request) => page.change({ request }),
      url: (request) => stateUrl({ ...this.#state, request }),
    });
    card.replaceChildren(this.#head, this.#body);
  }

  /** Loads the list of a scope and follows it. @param {State} state */
  update(state) {
    this.#unwatch();
    clearTimeout(this.#reload);
    this.#reload = undefined;
    this.#unwatch = () => {};
    this.#connection = 'off';
    this.#state = state;
    this.#list = new RequestList();
    if (isLive(state)) this.#watch();
    this.#drawHead();
    return this.#load();
  }

  /** Takes a state that differs in nothing the list shows. @param {State} state */
  remember(state) {
    this.#state = state;
  }

  #load() {
    return this.#loader.run(
      (signal) => ask('/api/requests', this.#query(), signal),
      (/** @type {RequestsAnswer} */ answer) => {
        this.#latest = answer;
        this.#list.load(answer, this.#paused);
        return this.#drawBody();
      },
    );
  }

  #loadOlder() {
    const query = this.#query();
    query.set('before', this.#list.next ?? '');
    return this.#loader.run(
      (signal) => ask('/api/requests', query, signal),
      (/** @type {RequestsAnswer} */ answer) => {
        this.#list.grow(answer);
        return this.#drawBody();
      },
    );
  }

  #query() {
    const query = scopeQuery(this.#state);
    query.set('limit', String(this.#list.pageSize));
    return query;
  }

  #watch() {
    const list = this.#list;
    this.#connection = 'waiting';
    this.#unwatch = watchRows(filterQuery(this.#state), {
      row: (row) => {
        list.arrive(row);
        this.#planDraw();
      },
      gap: () => {
        this.#reload ??= setTimeout(() => {
          this.#reload = undefined;
          if (!this.#paused) void this.#load();
        }, RELOAD_AFTER_GAP_MS);
      },
      state: (connection) => {
        if (this.#connection === connection) return;
        this.#connection = connection;
        this.#drawHead();
      },
    });
  }

  /** Rows come one by one; the table is drawn once per frame. */
  #planDraw() {
    if (this.#drawPlanned) return;
    this.#drawPlanned = true;
    requestAnimationFrame(() => {
      this.#drawPlanned = false;
      this.#page.arrived();
      if (this.#paused) this.#drawHead();
      else this.#showArrived();
    });
  }

  #showArrived() {
    const empty = this.#list.rows.length === 0;
    if (!this.#list.take() || this.#view === 'sql') return;
    if (empty) this.#body.replaceChildren(this.#drawBody());
    else this.#rows.draw(this.#list.rows, true);
  }

  #togglePause() {
    this.#paused = !this.#paused;
    if (!this.#paused) this.#showArrived();
    this.#drawHead();
  }

  #drawHead() {
    const words = { open: this.#paused ? 'Paused' : 'Live', waiting: 'Reconnecting…', off: 'Fixed range' };
    const resume = this.#list.waiting === 0 ? 'Resume' : `Resume (${this.#list.waiting} new)`;
    const click = () => this.#togglePause();
    const pause = h('button', { type: 'button', id: 'pause', click }, this.#paused ? resume : 'Pause');
    /** @type {readonly (readonly ['table' | 'sql', string])[]} */
    const views = [
      ['table', 'Table'],
      ['sql', 'SQL'],
    ];
    redraw(
      this.#head,
      h('h2', {}, 'Requests'),
      h(
        'div',
        { class: 'controls' },
        h('span', { class: `live ${this.#connection}${this.#paused ? ' paused' : ''}` }, words[this.#connection]),
        this.#connection === 'off' ? null : pause,
        segments('View', views, this.#view, (view) => {
          this.#view = view;
          this.#drawHead();
          this.#body.replaceChildren(this.#drawBody());
        }),
      ),
    );
  }

  #drawBody() {
    if (this.#view === 'sql' && this.#latest !== undefined) return sqlPanel(this.#latest, this.#page.sqlUrl());
    if (this.#list.rows.length === 0) return h('p', { class: 'note empty' }, 'No requests in this range.');
    this.#rows.draw(this.#list.rows, false);
    const older = h('button', { type: 'button', click: () => this.#loadOlder() }, 'Older');
    return h('div', {}, this.#rows.element, this.#list.canGrow ? h('p', { class: 'row center' }, older) : null);
  }
}
