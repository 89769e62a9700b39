import type { CallTarget, OwnHeaders } from '../wire/call-target.ts';

/** What a credential signs. */
export interface CredentialRequest {
  readonly method: string;
  readonly target: CallTarget;
  /** The whole body; null when there is none. Undefined unless `needsBody`. */
  readonly body: Buffer | null | undefined;
}

/** A way to get a stored key onto a request. Nothing that it is made of may be logged. */
export interface Credential {
  /** True: `headers` is given the whole body. */
  readonly needsBody: boolean;
  /** Request headers that replace the client's of the same name; '' takes a header off. */
  headers(request: CredentialRequest): OwnHeaders | Promise<OwnHeaders>;
}

/** The same headers for every request. */
export function fixedHeaders(headers: OwnHeaders): Credential {
  return { needsBody: false, headers: () => headers };
}
