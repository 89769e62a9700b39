import type { Claim, Verdict } from '@weir/shared-state';
import type { AttemptClaim, Growth } from './attempt-claim.ts';
import { StreamedTokens } from './streamed-tokens.ts';

export interface StreamWatchOptions {
  /** Output tokens that have been reserved. */
  readonly reservedTokens: number;
  readonly claims: readonly AttemptClaim[];
  /** Undefined when the shared state gives no answer. */
  readonly take: (claims: readonly Claim[]) => Verdict | undefined | Promise<Verdict | undefined>;
  /** True: a stream goes on when the shared state gives no answer. */
  readonly allowUncounted: boolean;
}

/** What a stream claims at a time once it has outgrown its reservation. */
const STEP_TOKENS = 256;

/** Lets a stream grow beyond what was reserved for it as long as every budget that may cut it has room. */
export class StreamWatch {
  readonly #options: StreamWatchOptions;
  readonly #tokens = new StreamedTokens();
  #allowed: number;
  #asking = false;
  #over = false;

  constructor(options: StreamWatchOptions) {
    this.#options = options;
    this.#allowed = options.reservedTokens;
  }

  /** Output tokens that have passed, estimated. */
  get tokens(): number {
    return this.#tokens.count;
  }

  push(chunk: Buffer, cut: () => void): void {
    this.#tokens.push(chunk);
    if (this.tokens <= this.#allowed || this.#asking || this.#over) return;
    const more = Math.max(STEP_TOKENS, this.tokens - this.#allowed);
    const growths = this.#options.claims.flatMap((claim) => claim.grow?.(more) ?? []);
    const verdict = this.#options.take(growths.map(({ claim }) => claim));
    if (!(verdict instanceof Promise)) {
      this.#decide(more, growths, verdict, cut);
      return;
    }
    this.#asking = true;
    void verdict.then((decided) => {
      this.#asking = false;
      this.#decide(more, growths, decided, cut);
    });
  }

  #decide(more: number, growths: readonly Growth[], verdict: Verdict | undefined, cut: () => void): void {
    if (verdict?.granted === true) for (const growth of growths) growth.granted(verdict.atMs);
    if (verdict?.granted ?? this.#options.allowUncounted) {
      this.#allowed += more;
      return;
    }
    this.#over = true;
    cut();
  }
}
