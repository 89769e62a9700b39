import { expect, it } from 'vitest';
import { createLogger } from './logger.ts';
import { createMetrics, mergeMetrics } from './metrics.ts';

it('I8 redacts secrets in log lines, wherever they stand', () => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ name: 'test', level: 'debug', format: 'json', destination });
  logger.info({ authorization: 'Bearer sk-1', headers: { 'x-api-key': 'sk-2' }, a: { b: { password: 'sk-3' } } }, 'hi');
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toMatch(/sk-[123]/);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ name: 'test', msg: 'hi', authorization: '[redacted]' });
});

it('adds up the counters of several processes', async () => {
  const [first, second] = [createMetrics(), createMetrics()];
  for (const metrics of [first, second]) {
    metrics.counter('weir_requests_total', 'Requests.', ['provider']).inc({ provider: 'openai' }, 2);
    metrics.histogram('weir_seconds', 'Seconds.', [1, 2]).observe(1.5);
  }
  const text = await mergeMetrics([await first.snapshot(), await second.snapshot()]);
  expect(text).toContain('weir_requests_total{provider="openai"} 4');
  expect(text).toContain('weir_seconds_bucket{le="2"} 2');
});
