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

it('counts by series, and shows them as Prometheus reads them', async () => {
  const metrics = createMetrics();
  const calls = metrics.counter('calls_total', 'Calls.', ['provider']);
  metrics.counter('none_total', 'None.');
  const series = calls.series({ provider: 'a"b' });
  series.inc();
  calls.inc({ provider: 'a"b' }, 2);
  const seconds = metrics.histogram('seconds', 'Seconds.', [0.1, 1], ['provider']);
  for (const value of [0.1, 0.5, 7]) seconds.series({ provider: 'a' }).observe(value);
  expect((await metrics.text()).split('\n')).toEqual([
    '# HELP calls_total Calls.',
    '# TYPE calls_total counter',
    'calls_total{provider="a\\"b"} 3',
    '',
    '# HELP none_total None.',
    '# TYPE none_total counter',
    'none_total 0',
    '',
    '# HELP seconds Seconds.',
    '# TYPE seconds histogram',
    'seconds_bucket{le="0.1",provider="a"} 1',
    'seconds_bucket{le="1",provider="a"} 2',
    'seconds_bucket{le="+Inf",provider="a"} 3',
    'seconds_sum{provider="a"} 7.6',
    'seconds_count{provider="a"} 3',
    '',
  ]);
  expect(() => calls.inc({ key: 'a' })).toThrow('no label is called key');
  expect(() => metrics.counter('calls_total', 'Again.')).toThrow('already been registered');
});
