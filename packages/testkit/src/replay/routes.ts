import type { ApiHandler } from './api-call.ts';
import { replyCountTokens, replyMessages } from './apis/anthropic-messages.ts';
import { replyConverse } from './apis/bedrock-converse.ts';
import { replyInvoke } from './apis/bedrock-invoke.ts';
import { replyCohereChat } from './apis/cohere-chat.ts';
import { replyEmbeddings, replyGeminiEmbeddings } from './apis/embeddings.ts';
import { replyGemini } from './apis/gemini.ts';
import { replyOllama } from './apis/ollama-native.ts';
import { replyChat } from './apis/openai-chat.ts';
import { replyResponses } from './apis/openai-responses.ts';
import { replyPrediction } from './apis/replicate-predictions.ts';
import { replyWorkersAiRun } from './apis/workers-ai-run.ts';

interface Route {
  /** Matched against the end of the path, so that every spelling of a base URL works; groups go to the handler. */
  readonly pattern: RegExp;
  readonly handler: ApiHandler;
}

const AZURE_DEPLOYMENT = '(?:/([^/]+))?';

// Order matters: the more specific path first.
const ROUTES: readonly Route[] = [
  { pattern: new RegExp(`${AZURE_DEPLOYMENT}/chat/completions$`), handler: replyChat },
  { pattern: /\/responses$/, handler: replyResponses },
  { pattern: new RegExp(`${AZURE_DEPLOYMENT}/embeddings$`), handler: replyEmbeddings },
  { pattern: /\/messages\/count_tokens$/, handler: replyCountTokens },
  { pattern: /\/messages$/, handler: replyMessages },
  { pattern: /\/publishers\/anthropic\/models\/([^/:]+):(?:rawPredict|streamRawPredict)$/, handler: replyMessages },
  { pattern: /\/models\/([^/:]+):(generateContent|streamGenerateContent|countTokens)$/, handler: replyGemini },
  { pattern: /\/models\/([^/:]+):(embedContent|batchEmbedContents)$/, handler: replyGeminiEmbeddings },
  { pattern: /\/model\/([^/]+)\/(converse|converse-stream)$/, handler: replyConverse },
  { pattern: /\/model\/([^/]+)\/(invoke|invoke-with-response-stream)$/, handler: replyInvoke },
  { pattern: /\/v2\/chat$/, handler: replyCohereChat },
  { pattern: /\/api\/(chat|generate)$/, handler: replyOllama },
  { pattern: /(?:\/models\/([^/]+\/[^/]+))?\/predictions$/, handler: replyPrediction },
  { pattern: /\/run\/(@[^?]+)$/, handler: replyWorkersAiRun },
];

export interface RouteMatch {
  readonly handler: ApiHandler;
  readonly groups: readonly string[];
}

/** The handler for a path without its query; undefined when no API answers there. */
export function matchRoute(path: string): RouteMatch | undefined {
  for (const { pattern, handler } of ROUTES) {
    const match = pattern.exec(path.replaceAll('%40', '@'));
    if (match !== null) return { handler, groups: match.slice(1).map((group) => decode(group ?? '')) };
  }
  return undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
