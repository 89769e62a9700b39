import { startCost } from '@weir/cost';
import { embeddedPriceBook } from '@weir/pricing';
import { WEIR_VERSION } from '../version.ts';
import type { Part } from './part.ts';

export const costPart: Part = async ({ log, logger, metrics, framing }) => {
  const cost = await startCost({
    log,
    logger,
    metrics,
    version: WEIR_VERSION,
    book: embeddedPriceBook(),
    framing: { cost: framing.cost, deadLetter: framing['dead-letter'] },
  });
  return { value: {}, stop: () => cost.stop() };
};
