import type { RoutingConfig } from '../config.ts';
import type { Identity } from '../identity/admit.ts';
import { type CallTarget, createTargetResolver, type ResolveTarget } from '../wire/call-target.ts';
import type { Refusal } from '../wire/refusal.ts';
import { compileRouting } from './routing.ts';

/** The routing in force. A reload swaps all of it at once; calls in flight keep what they began with. */
export class LiveRouting {
  #resolve: ResolveTarget;
  #identity: Identity;

  constructor(config: RoutingConfig) {
    const table = compileRouting(config);
    this.#resolve = createTargetResolver(table);
    this.#identity = table.identity;
  }

  get identity(): Identity {
    return this.#identity;
  }

  /** @throws WeirError `INGRESS_CONFIG_INVALID`; then the old one stays. */
  reload(config: RoutingConfig): void {
    const table = compileRouting(config);
    this.#resolve = createTargetResolver(table);
    this.#identity = table.identity;
  }

  resolveTarget(url: string, falTarget: string | undefined): CallTarget | { readonly refusal: Refusal } {
    return this.#resolve(url, falTarget);
  }
}
