import type { Config } from '@weir/config';
import { costOf, openPriceBook } from '@weir/cost';
import type { CallMeter } from '@weir/ingress';
import { type PriceBook, priceUsage } from '@weir/pricing';
import { findProvider } from '@weir/providers';
import type { Logger } from '@weir/telemetry';
import { EMPTY_USAGE } from '@weir/usage';
import { priceBookSettings, type Settings } from '../settings.ts';

/** Whether anything counts tokens or money, so that a worker needs to know what calls cost. */
export function needsMeter(config: Config): boolean {
  const limits = [...Object.values(config.gateways), ...Object.values(config.tokens)].flatMap(({ rate_limits }) =>
    Object.values(rate_limits),
  );
  const counts = limits.some((limit) => limit.limit_tokens > 0 || limit.limit_usd !== '');
  return counts || Object.values(config.budgets).some(({ enforcement }) => enforcement === 'hard');
}

/** Costs by the price book of the ledger. */
export async function openCallMeter(settings: Settings, logger: Logger): Promise<CallMeter> {
  return callMeter(await openPriceBook(priceBookSettings(settings), logger));
}

function callMeter(book: PriceBook): CallMeter {
  return {
    worst(call) {
      const priced = priceUsage(book, {
        provider: findProvider(call.provider)?.pricingProvider ?? null,
        responseModel: '',
        requestModel: call.model,
        at: call.at,
        serviceTier: call.serviceTier,
        region: call.region,
        account: call.account,
        gateway: call.gateway,
        usage: {
          ...EMPTY_USAGE,
          inputTokens: call.inputTokens,
          ...(call.cachesInput ? { cacheWriteTokens: call.inputTokens, cacheWrite1hTokens: call.inputTokens } : {}),
          outputTokens: call.outputTokens,
        },
      });
      // A model without a price for its output, as one for embeddings, has one for the rest.
      return priced.lines.some(({ amount }) => amount !== null) ? priced.partial : null;
    },
    actual: (event) => costOf(event, book),
  };
}
