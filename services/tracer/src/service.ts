/**
 * Tracer: a span for every attempt, to an OpenTelemetry collector. It reads weir.costs, where usage and cost are known, so
 * nothing of it is in the request path; a position of its own in the log makes up for a collector that is away, for as long
 * as the log keeps the events. What is sent again after a crash has the same ids.
 */
import type { Assignment, EventLog, StoredRecord, Subscription } from '@weir/event-log';
import { type CostEvent, createCodec, EVENTS, type EventCodec } from '@weir/events';
import { backoffMs, sleep } from '@weir/kernel';
import type { Logger, Metrics } from '@weir/telemetry';
import { type Sent, type SpanReceiver, sendSpans } from './send-spans.ts';
import { type OtlpSpan, spanOf } from './span-of.ts';

export const TRACER_GROUP = 'weir-tracer';

export interface TracerConfig extends SpanReceiver {
  /** Most spans of one request. */
  readonly batchSpans: number;
  /** Back-off while the collector is away. */
  readonly retry?: { readonly baseMs: number; readonly capMs: number };
}

export interface TracerDependencies {
  readonly log: EventLog;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly version: string;
}

const READ = { maxBytes: 8 * 1024 * 1024, waitMs: 1_000 };
const RETRY = { baseMs: 500, capMs: 60_000 };

export function startTracer(config: TracerConfig, dependencies: TracerDependencies): Promise<Subscription> {
  const { log, logger, metrics, version } = dependencies;
  const sent = metrics.counter('weir_tracer_spans_total', 'Spans, by what became of them: sent, refused.', ['result']);
  const failures = metrics.counter('weir_tracer_failures_total', 'Tries that the collector did not answer well.', [
    'reason',
  ]);
  const codec = createCodec('cost');
  const deliver = async (spans: readonly OtlpSpan[], signal: AbortSignal): Promise<void> => {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      const result: Sent = await sendSpans(config, spans, version, signal);
      if (result.kind === 'sent') return sent.inc({ result: 'sent' }, spans.length);
      if (signal.aborted) return;
      failures.inc({ reason: result.reason });
      if (result.kind === 'refused') {
        logger.error({ reason: result.reason, spans: spans.length }, 'the collector refuses spans: they are left out');
        return sent.inc({ result: 'refused' }, spans.length);
      }
      if (attempt === 0)
        logger.warn({ reason: result.reason }, 'the collector does not take spans; they wait in the log');
      await sleep(backoffMs(attempt, config.retry ?? RETRY), signal);
    }
  };
  return log.subscribe({
    group: TRACER_GROUP,
    topics: [EVENTS.cost.topic],
    onAssigned: (assignment) => sendPartition(assignment, config.batchSpans, codec, deliver),
    onError: (error, place) => logger.error({ ...place, error }, 'tracer restarts'),
  });
}

async function sendPartition(
  assignment: Assignment,
  maxRecords: number,
  codec: EventCodec<CostEvent>,
  deliver: (spans: readonly OtlpSpan[], signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { signal } = assignment;
  while (!signal.aborted) {
    const records = await assignment.read({ ...READ, maxRecords });
    const last = records.at(-1);
    if (last === undefined) continue;
    const spans = records.flatMap((record) => spanIn(record, codec));
    if (spans.length > 0) await deliver(spans, signal);
    if (signal.aborted) return;
    await assignment.commit(last.offset + 1);
  }
}

/** What cannot be read is the loader's to bury: it reads the same topic. A correction is no call. */
function spanIn(record: StoredRecord, codec: EventCodec<CostEvent>): readonly OtlpSpan[] {
  try {
    const event = codec.decode(record.value);
    return event.revision === 1 ? [spanOf(event)] : [];
  } catch {
    return [];
  }
}
