import { embeddedPriceBook, priceUsage } from '@weir/pricing';
import type { ServedResponse } from '@weir/testkit';
import type { TokenUsage } from '@weir/usage';

const SERVED = 1;
const FINISHED = 2;

/** What the provider billed and what the client saw of each call, by its number. 9 bytes a call. */
export class CallBook {
  readonly capacity: number;
  readonly #bill: BigInt64Array;
  readonly #flags: Uint8Array;
  readonly #book = embeddedPriceBook();
  #seenSequence = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#bill = new BigInt64Array(capacity);
    this.#flags = new Uint8Array(capacity);
  }

  /** Takes in what the provider served since the last time. */
  fold(served: readonly ServedResponse[]): void {
    for (const { sequence, requestId, model, usage } of served) {
      if (sequence <= this.#seenSequence) continue;
      this.#seenSequence = sequence;
      const call = Number(/^call-(\d+)$/.exec(requestId)?.[1] ?? -1);
      if (call >= 0 && usage !== null) this.#served(call, model, usage);
    }
  }

  #served(call: number, model: string, usage: TokenUsage): void {
    const { total } = priceUsage(this.#book, {
      provider: 'openai',
      responseModel: model,
      requestModel: model,
      at: Date.now(),
      serviceTier: '',
      region: '',
      usage,
    });
    if (total === null) throw new Error(`${model} has no price`);
    this.#bill[call] = total;
    this.#flags[call] = (this.#flags[call] ?? 0) | SERVED;
  }

  finished(call: number): void {
    this.#flags[call] = (this.#flags[call] ?? 0) | FINISHED;
  }

  wasServed(call: number): boolean {
    return ((this.#flags[call] ?? 0) & SERVED) !== 0;
  }

  wasFinished(call: number): boolean {
    return ((this.#flags[call] ?? 0) & FINISHED) !== 0;
  }

  /** Pico-dollars. */
  billOf(call: number): bigint {
    return this.#bill[call] ?? 0n;
  }

  save(): Buffer {
    return Buffer.concat([Buffer.from(this.#bill.buffer), Buffer.from(this.#flags.buffer)]);
  }

  /** @throws RangeError when it was saved with another capacity. */
  load(saved: Buffer): void {
    if (saved.length !== this.capacity * 9) throw new RangeError('the saved run had another number of requests');
    const bytes = new Uint8Array(saved);
    this.#bill.set(new BigInt64Array(bytes.slice(0, this.capacity * 8).buffer));
    this.#flags.set(bytes.subarray(this.capacity * 8));
  }

  count(test: (call: number) => boolean): number {
    let count = 0;
    for (let call = 0; call < this.capacity; call += 1) if (test(call)) count += 1;
    return count;
  }
}
