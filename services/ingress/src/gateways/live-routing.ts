import type { RoutingConfig } from '../config.ts';
import { type CallTarget, createTargetResolver, type ResolveTarget } from '../wire/call-target.ts';
import type { Refusal } from '../wire/refusal.ts';
import { compileRouting } from './routing.ts';

/** The routing in force. A reload swaps all of it at once; calls in flight keep what they began with. */
export class LiveRouting {
  #resolve: ResolveTarget;

  constructor(config: RoutingConfig) {
    this.#resolve = createTargetResolver(compileRouting(config));
  }

  /** @throws WeirError `INGRESS_CONFIG_INVALID`; then the old one stays. */
  reload(config: RoutingConfig): void {
    this.#resolve = createTargetResolver(compileRouting(config));
  }

  resolveTarget(url: string, falTarget: string | undefined): CallTarget | { readonly refusal: Refusal } {
    return this.#resolve(url, falTarget);
  }
}
