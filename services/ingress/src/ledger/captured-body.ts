import type { IngressConfig } from '../config.ts';
import { BodyCapture, type CapturedPayload } from './body-capture.ts';
import type { CaptureBudget } from './capture-budget.ts';

/** A body that is there whole, as the ledger keeps it; its bytes count against the budget of whoever holds it. */
export function capturedBody(body: Buffer, config: IngressConfig, budget: CaptureBudget): CapturedPayload {
  const { captureHeadBytes: headBytes, captureTailBytes: tailBytes } = config;
  const capture = new BodyCapture({ headBytes, tailBytes }, budget);
  capture.push(body);
  const payload = capture.finish();
  capture.release();
  return payload;
}
