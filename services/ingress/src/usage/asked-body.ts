import { withUsageAsked } from './usage-request.ts';

/** What a step sends for a body, made once for all its attempts. */
export class AskedBody {
  #of: Buffer | undefined;
  #asked: Buffer | undefined;

  /** The body that asks for the usage; undefined when it goes as it is. */
  of(body: Buffer): Buffer | undefined {
    if (body !== this.#of) {
      this.#of = body;
      this.#asked = withUsageAsked(body);
    }
    return this.#asked;
  }
}
