const FIRST_ROWS = 256;

/** Rows of `fields` numbers in one typed array: a million keys are one object for the garbage collector, and a snapshot is a copy. */
export class RecordTable {
  readonly fields: number;
  #data: Float64Array;
  #rows = 0;

  constructor(fields: number) {
    this.fields = fields;
    this.#data = new Float64Array(FIRST_ROWS * fields);
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#data.byteLength;
  }

  /** Makes `row` exist, as zeros. */
  reach(row: number): void {
    if (row < this.#rows) return;
    this.#rows = row + 1;
    const needed = this.#rows * this.fields;
    if (needed <= this.#data.length) return;
    // Half as much again, not twice: at a million keys the spare half would be the larger part of the state.
    const larger = new Float64Array(Math.max(needed, Math.ceil(this.#data.length * 1.5)));
    larger.set(this.#data);
    this.#data = larger;
  }

  get(row: number, field: number): number {
    return this.#data[row * this.fields + field] as number;
  }

  set(row: number, field: number, value: number): void {
    this.#data[row * this.fields + field] = value;
  }

  add(row: number, field: number, value: number): void {
    const at = row * this.fields + field;
    this.#data[at] = (this.#data[at] as number) + value;
  }

  clear(row: number): void {
    this.#data.fill(0, row * this.fields, (row + 1) * this.fields);
  }

  save(): Float64Array {
    return this.#data.slice(0, this.#rows * this.fields);
  }

  load(saved: Float64Array): void {
    this.#data = saved.length === 0 ? new Float64Array(FIRST_ROWS * this.fields) : saved.slice();
    this.#rows = saved.length / this.fields;
  }
}
