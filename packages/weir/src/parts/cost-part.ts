import { openPriceBook, startCost } from '@weir/cost';
import { priceBookSettings } from '../settings.ts';
import { WEIR_VERSION } from '../version.ts';
import type { Part } from './part.ts';

export const costPart: Part = async ({ settings, log, logger, metrics, framing }) => {
  const cost = await startCost({
    log,
    logger,
    metrics,
    version: WEIR_VERSION,
    book: await openPriceBook(priceBookSettings(settings), logger),
    estimateUsage: settings.config.cost.estimate_usage,
    framing: { cost: framing.cost, deadLetter: framing['dead-letter'] },
  });
  return { value: {}, stop: () => cost.stop() };
};
