import type { Started } from '@weir/kernel';
import { afterAll, beforeAll, describe } from 'vitest';
import { anthropicClient } from './families/anthropic-client.ts';
import { cohereClient } from './families/cohere-client.ts';
import { describeAiGatewayProvider } from './families/describe-ai-gateway-provider.ts';
import { googleClient } from './families/google-client.ts';
import { groqClient } from './families/groq-client.ts';
import { mistralClient } from './families/mistral-client.ts';
import { openAiChatClient, openAiResponsesClient } from './families/openai-client.ts';
import { replicateClient } from './families/replicate-client.ts';
import { vercelAiClients } from './families/vercel-ai-client.ts';
import { locatePythonClients } from './python/locate-python-clients.ts';
import { type AskPython, pythonClients, startPython } from './python/python-clients.ts';
import { type ClientBench, startClientBench } from './support/client-bench.ts';
import { describeClient } from './support/describe-client.ts';

const FAMILIES = [
  openAiChatClient,
  openAiResponsesClient,
  anthropicClient,
  googleClient,
  groqClient,
  mistralClient,
  cohereClient,
  replicateClient,
  ...vercelAiClients,
];

let started: Started<ClientBench> | undefined;
const bench = (): ClientBench => {
  if (started === undefined) throw new Error('Weir has not started');
  return started.value;
};

// One Weir for all clients: it takes longer to start than they take to ask.
beforeAll(async () => {
  started = await startClientBench();
});
afterAll(() => started?.stop());

for (const family of FAMILIES) describeClient(family, bench);
describeAiGatewayProvider(bench);

const found = await locatePythonClients();
describe.skipIf(found === undefined)('in Python', () => {
  let python: Started<AskPython> | undefined;
  beforeAll(async () => {
    if (found !== undefined) python = await startPython(found);
  });
  afterAll(() => python?.stop());
  const ask: AskPython = (question) => python?.value(question) ?? Promise.reject(new Error('Python has not started'));
  for (const family of pythonClients(() => ask)) describeClient(family, bench);
});
