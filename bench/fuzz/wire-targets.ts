import { WeirError } from '@weir/kernel';
import { isAllowedFalTarget, redactPath, resolveUpstream } from '@weir/providers';
import fc from 'fast-check';
import { INGRESS_DEFAULTS } from '../../services/ingress/src/config.ts';
import { compileRouting } from '../../services/ingress/src/gateways/routing.ts';
import { readCallMetadata } from '../../services/ingress/src/wire/call-metadata.ts';
import { readCallPolicy } from '../../services/ingress/src/wire/call-policy.ts';
import { resolveTarget, resolveUniversal } from '../../services/ingress/src/wire/call-target.ts';
import { elementSpans, memberSpans } from '../../services/ingress/src/wire/json-spans.ts';
import { createKeyFingerprint } from '../../services/ingress/src/wire/key-fingerprint.ts';
import { readResponseHead } from '../../services/ingress/src/wire/response-headers.ts';
import { readUniversalRequest } from '../../services/ingress/src/wire/universal-request.ts';
import { type FuzzTarget, must, timed } from './fuzz-target.ts';
import { mutatedBytes, mutatedText } from './mutated-bytes.ts';

const routing = compileRouting({
  ...INGRESS_DEFAULTS,
  gateways: { team: {} },
  customProviders: { acme: { baseUrl: 'https://acme.test/api/fixed' } },
});
/** Hosts that a path may lead to, and nothing else. */
const HOSTS =
  /^(?:[a-z0-9-]+\.)*(?:acme\.test|openai\.com|anthropic\.com|googleapis\.com|azure\.com|amazonaws\.com|api\.aws|cloudflare\.com|fal\.run|fal\.ai|baseten\.co|groq\.com|replicate\.com)$/i;
const PATHS = [
  '/openai/v1/chat/completions?x=1',
  '/v1/acc/team/anthropic/v1/messages',
  '/custom-acme/a/b?c=/d',
  '/v1/acc/default/aws-bedrock/bedrock-runtime/us-east-1/model/a%3Ab/converse',
  '/azure-openai/resource/deployment/chat/completions?api-version=2024-10-21',
  '/google-vertex-ai/v1/projects/p/locations/us-central1/publishers/google/models/m:generateContent',
  '/v1/0123abc/default/workers-ai/@cf/meta/llama',
  '/baseten/model/abc/production/predict',
  '/groq/openai/v1/models',
  '/replicate/v1/models/a/b/predictions',
  '/fal/fal-ai/flux',
  '/v1/acc/team/',
];

const callTargets = fc.property(
  mutatedText(PATHS, 'latin1'),
  fc.option(mutatedText(['https://queue.fal.run/a?b', 'https://x@fal.run/'], 'latin1'), { nil: undefined }),
  (path, fal) => {
    const target = timed(() => resolveTarget(path, routing, fal));
    resolveUniversal(path, routing);
    if ('refusal' in target) return;
    const url = new URL(target.origin + target.path);
    must(HOSTS.test(url.hostname), `leads to ${url.hostname}`);
    must(url.origin === new URL(target.origin).origin && url.host === target.host.toLowerCase(), 'another origin');
    must(target.path.startsWith('/'), 'a path that does not begin with a slash');
    must(!/[\r\n\0 ]/.test(target.path), 'a path with a control character');
    if (target.provider !== 'custom-acme') return;
    const decoded = url.pathname.replaceAll(/%2f|%5c/gi, '/').replaceAll(/%2e/gi, '.');
    must(new URL(decoded, 'https://a').pathname.startsWith('/api/fixed/'), `leaves the prefix: ${url.pathname}`);
  },
);

const falTargets = fc.property(
  mutatedText(['https://queue.fal.run/a', 'https://a@fal.ai:443/', '//fal.run']),
  (text) => {
    if (!isAllowedFalTarget(text)) return;
    const { hostname, protocol } = new URL(text);
    must(protocol === 'https:' && /(?:^|\.)fal\.(?:run|ai)$/.test(hostname), `allows ${hostname}`);
  },
);

const upstreams = fc.property(
  fc.constantFrom('openai', 'aws-bedrock', 'azure-openai', 'baseten', 'workers-ai'),
  fc.string(),
  (slug, rest) => {
    const resolved = timed(() => resolveUpstream(slug, rest, { accountId: 'a' }));
    if (resolved.ok) must(HOSTS.test(new URL(resolved.url).hostname), `leads to ${resolved.url}`);
  },
);

const METADATA = [
  '{"feature":"a","user":1,"env":true,"n":null,"o":{}}',
  '{"a":"\\ud800","__proto__":"x","cf.b":1}',
  '[]',
  '"',
];

const metadata = fc.property(mutatedText(METADATA, 'latin1'), mutatedText(['id'], 'latin1'), (text, id) => {
  const headers = { 'cf-aig-metadata': text, 'cf-aig-event-id': id, 'cf-aig-custom-cost': text, traceparent: id };
  const read = timed(() => readCallMetadata(headers));
  must(Object.keys(read.tags).length <= 32, 'more than 32 tags');
  must(
    Object.values(read.tags).every((tag) => typeof tag === 'string'),
    'a tag that is no text',
  );
  must(
    /^[\x20-\x7e]*$/.test(read.warning) && read.warning.length <= 512,
    `a warning that is no header: ${read.warning}`,
  );
  must(read.eventId.length <= 256, 'a long event id');
});

const policies = fc.property(mutatedText(['5', '1e3', '0x1', 'linear'], 'latin1'), (text) => {
  const headers = {
    'cf-aig-max-attempts': text,
    'cf-aig-retry-delay': text,
    'cf-aig-backoff': text,
    'cf-aig-request-timeout': text,
  };
  const defaults = {
    retry: { maxAttempts: 1, delayMs: 1, backoff: 'linear' as const },
    timeoutMs: undefined,
    warning: '',
  };
  const { retry, warning } = timed(() => readCallPolicy(headers, defaults));
  must(retry.maxAttempts >= 1 && retry.maxAttempts <= 5 && retry.delayMs >= 0 && retry.delayMs <= 5_000, 'a limit');
  must(/^[\x20-\x7e]*$/.test(warning), 'a warning that is no header');
});

const UNIVERSAL = [
  '[{"provider":"openai","endpoint":"chat/completions","headers":{"Authorization":"Bearer a","cf-aig-cache-ttl":0},"config":{"maxAttempts":2},"query":{"model":"m","n":1.50}}]',
  '{"provider":"anthropic","endpoint":"v1/messages","authorization":"x","query":{"a":[1,{"query":2}],"b":"\\""}}',
  '[{"provider":"a","query":{"x":1}},{"provider":"b","endpoint":"/c","query":null,"query":[2]}]',
].map((text) => Buffer.from(text));

const universal = fc.property(mutatedBytes(UNIVERSAL), (bytes) => {
  const body = Buffer.from(bytes);
  let steps: ReturnType<typeof readUniversalRequest>;
  try {
    steps = timed(() => readUniversalRequest(body));
  } catch (error) {
    must(WeirError.is(error) && error.code === 'INGRESS_UNIVERSAL_INVALID', `throws ${String(error)}`);
    return;
  }
  const parsed: unknown = JSON.parse(body.toString('utf8'));
  const values = (Array.isArray(parsed) ? parsed : [parsed]) as { query?: unknown }[];
  must(values.length === steps.length && steps.length <= 16, 'another number of steps');
  for (const [index, step] of steps.entries()) {
    const query: unknown = JSON.parse(step.query.toString('utf8'));
    must(JSON.stringify(query) === JSON.stringify(values[index]?.query), `query of ${index} is other bytes`);
    for (const [name, value] of step.headers) must(!/[\r\n\0]/.test(name + value), `a header that is two: ${name}`);
  }
});

const spans = fc.property(mutatedBytes(UNIVERSAL), (bytes) => {
  const body = Buffer.from(bytes);
  for (const span of timed(() => elementSpans(body)) ?? [])
    must(span.start <= span.end && span.end <= body.length, 'outside');
  for (const span of timed(() => memberSpans(body))?.values() ?? []) must(span.end <= body.length, 'outside');
});

const heads = fc.property(
  fc.array(fc.oneof(mutatedText(['Connection', 'Content-Length', '12', 'x-ratelimit-a'], 'latin1'))),
  (raw) => {
    const { contentLength } = timed(() => readResponseHead(raw));
    must(Number.isSafeInteger(contentLength) && contentLength >= -1, `a length of ${contentLength}`);
  },
);

const fingerprint = createKeyFingerprint('pepper');
const SECRET = 'sk-5ecret5ecret5ecret';
const keys = fc.property(mutatedText([`Bearer ${SECRET}`, `Basic ${SECRET}`, SECRET], 'latin1'), (header) => {
  const id = timed(() => fingerprint({ authorization: header }, ['authorization'], '/'));
  must(id.length <= 64 && !id.includes(SECRET), `a fingerprint that tells: ${id}`);
  must(!redactPath(`/v1/models/m?key=${SECRET}&x=1`).includes(SECRET), 'a path that tells');
});

export const WIRE_TARGETS: readonly FuzzTarget[] = [
  { name: 'call targets', property: callTargets },
  { name: 'fal targets', property: falTargets },
  { name: 'upstreams', property: upstreams },
  { name: 'metadata', property: metadata },
  { name: 'policies', property: policies },
  { name: 'universal requests', property: universal },
  { name: 'JSON spans', property: spans },
  { name: 'answer heads', property: heads },
  { name: 'keys', property: keys },
];
