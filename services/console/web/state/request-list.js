/** @import {RequestRow, RequestsAnswer} from '../../src/api/answers.ts' */
import { mergeRows } from './live-rows.js';

const PAGE = 50;
const ROWS_MAX = 500;

/** The newest requests of a scope: pages that were loaded, and rows that arrived since. Bounded, each row once. */
export class RequestList {
  /** @type {RequestRow[]} */
  rows = [];
  /** @type {RequestRow[]} */
  #arrived = [];
  #limit = PAGE;
  #loaded = false;
  /** Where the next page begins; null at the end. @type {string | null} */
  next = null;

  /** Rows a page holds. */
  get pageSize() {
    return PAGE;
  }

  /** How many rows wait to be shown. */
  get waiting() {
    return this.#arrived.length;
  }

  get canGrow() {
    return this.next !== null && this.#limit < ROWS_MAX;
  }

  /** Begins anew, with the first page. @param {RequestsAnswer} answer @param {boolean} hold keep arrived rows back */
  load(answer, hold) {
    this.#limit = PAGE;
    this.#loaded = true;
    this.next = answer.next;
    this.rows = mergeRows(answer.rows, [], this.#limit);
    if (!hold) this.take();
  }

  /** Adds an older page. @param {RequestsAnswer} answer */
  grow(answer) {
    this.#limit += PAGE;
    this.next = answer.next;
    this.rows = mergeRows(this.rows, answer.rows, this.#limit);
  }

  /** @param {RequestRow} row */
  arrive(row) {
    this.#arrived = mergeRows(this.#arrived, [row], ROWS_MAX);
  }

  /** Moves the rows that arrived into the list; false when there was nothing to move, or no list yet. */
  take() {
    if (!this.#loaded || this.#arrived.length === 0) return false;
    this.rows = mergeRows(this.rows, this.#arrived, this.#limit);
    this.#arrived = [];
    return true;
  }
}
