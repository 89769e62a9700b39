import { WeirError } from '@weir/kernel';

/** Lets `limit` callers in at a time; at most `queueLimit` more wait, in order; the rest is refused. */
export class Gate {
  readonly #limit: number;
  readonly #queueLimit: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(limit: number, queueLimit: number) {
    this.#limit = limit;
    this.#queueLimit = queueLimit;
  }

  /** @throws WeirError `WAREHOUSE_OVERLOADED` (ClickHouse code 202) when the queue is full. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.#enter();
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  #enter(): Promise<void> | undefined {
    if (this.#inside < this.#limit) {
      this.#inside += 1;
      return undefined;
    }
    if (this.#waiting.length >= this.#queueLimit) {
      throw new WeirError('WAREHOUSE_OVERLOADED', `${this.#queueLimit} statements wait already`, {
        retriable: true,
        details: { clickhouseCode: 202 },
      });
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#inside -= 1;
    else next();
  }
}
