import type { LogRecord, Position, SyncAppender } from '@weir/event-log';
import { createCodec, type RequestEvent } from '@weir/events';
import { createUuidV7, type Started, systemClock, WeirError } from '@weir/kernel';
import { readExchange } from '@weir/providers';
import { openMemoryCache } from '@weir/response-cache/drivers/memory';
import { openMemoryState } from '@weir/shared-state/drivers/memory';
import type { IngressConfig } from '../config.ts';
import { createIngress, type Ingress } from '../ingress.ts';
import type { IngressDependencies, IngressGauge, IngressLogger, IngressMetricsRegistry } from '../ports.ts';

const codec = createCodec('request');

/** A log in memory whose fullness a test sets. */
export class TestLog implements SyncAppender {
  readonly values: Buffer[] = [];
  /** How many records came with each append. */
  readonly batches: number[] = [];
  level = 0;
  /** Largest record taken; -1 refuses all. */
  recordBytesMax = Number.POSITIVE_INFINITY;

  appendSync(_topic: string, records: readonly LogRecord[]): readonly Position[] {
    // Together or not at all, as every log.
    if (records.some(({ value }) => value.length > this.recordBytesMax)) {
      throw new WeirError('LOG_FULL', 'test log is full', { retriable: true });
    }
    this.batches.push(records.length);
    return records.map(({ value }) => {
      this.values.push(Buffer.from(value));
      return { partition: 0, offset: this.values.length - 1 };
    });
  }

  pressure(): number {
    return this.level;
  }

  events(): RequestEvent[] {
    return this.values.map((value) => codec.decode(value));
  }

  /** The events once there are `count` of them. */
  async take(count: number): Promise<RequestEvent[]> {
    for (let turn = 0; this.values.length < count; turn += 1) {
      if (turn > 1000) throw new Error(`only ${this.values.length} of ${count} events came`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return this.events();
  }
}

/** Keeps every line and every counter, so that a test can search them. */
export class TestTelemetry {
  readonly lines: string[] = [];
  readonly counts = new Map<string, number>();

  readonly logger: IngressLogger = {
    isLevelEnabled: () => true,
    debug: (details, message) => this.#line('debug', details, message),
    info: (details, message) => this.#line('info', details, message),
    warn: (details, message) => this.#line('warn', details, message),
    error: (details, message) => this.#line('error', details, message),
  };

  readonly metrics: IngressMetricsRegistry = {
    counter: (name) => ({
      inc: (labels = {}, value = 1) => this.#count(name, labels, value),
      series: (labels) => ({ inc: (value = 1) => this.#count(name, labels, value) }),
    }),
    histogram: () => ({ observe: () => undefined, series: () => ({ observe: () => undefined }) }),
    gauge: (name, _help, _labels, collect) => {
      if (collect !== undefined) this.#collectors.set(name, collect);
      return { set: () => undefined };
    },
  };
  readonly #collectors = new Map<string, (gauge: IngressGauge) => void>();

  /** What a gauge says at this moment. */
  gaugeValue(name: string): number {
    let value = Number.NaN;
    this.#collectors.get(name)?.({
      set: (current) => {
        value = current;
      },
    });
    return value;
  }

  #count(name: string, labels: object, value: number): void {
    const key = `${name}${JSON.stringify(labels)}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + value);
  }

  #line(level: string, details: object, message: string): void {
    this.lines.push(`${level} ${message} ${JSON.stringify(details)}`);
  }
}

export interface TestIngress {
  readonly ingress: Started<Ingress>;
  readonly url: string;
  readonly log: TestLog;
  readonly telemetry: TestTelemetry;
}

/** An ingress on a free port whose custom provider `up` is at `upstreamUrl`: call `{url}/custom-up/…`. */
export async function startTestIngress(
  upstreamUrl: string,
  settings: Partial<IngressConfig> = {},
  overrides: Partial<IngressDependencies> = {},
): Promise<TestIngress> {
  const log = new TestLog();
  const telemetry = new TestTelemetry();
  const ingress = await createIngress(
    { port: 0, customProviders: { up: { baseUrl: upstreamUrl } }, shutdownGraceMs: 3_000, ...settings },
    {
      appender: log,
      logger: telemetry.logger,
      metrics: telemetry.metrics,
      metricsText: () => Promise.resolve('weir_test 1\n'),
      readExchange,
      version: '0.0.0-test',
      clock: systemClock,
      state: openMemoryState({ clock: systemClock }),
      uuid: createUuidV7(),
      random: () => 0.5,
      responseCache: openMemoryCache({ bytesMax: 64 * 1024 * 1024, entriesMax: 10_000 }),
      ...overrides,
    },
  );
  return { ingress, url: ingress.value.url, log, telemetry };
}
