import { openPriceBook, startCost } from '@weir/cost';
import { WEIR_VERSION } from '../version.ts';
import type { Part } from './part.ts';

export const costPart: Part = async ({ settings, log, logger, metrics, framing }) => {
  const { price_book: priceBook, price_book_sha256: priceBookSha256, price_terms: priceTerms } = settings.config.cost;
  const { baseDirectory } = settings;
  const cost = await startCost({
    log,
    logger,
    metrics,
    version: WEIR_VERSION,
    book: await openPriceBook({ priceBook, priceBookSha256, priceTerms, baseDirectory }, logger),
    estimateUsage: settings.config.cost.estimate_usage,
    framing: { cost: framing.cost, deadLetter: framing['dead-letter'] },
  });
  return { value: {}, stop: () => cost.stop() };
};
