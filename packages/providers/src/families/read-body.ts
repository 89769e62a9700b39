import type { FramedBody } from '../framing/frame-body.ts';
import { arrayAt, asObject, type JsonObject, objectAt, textAt } from '../normalize/json-object.ts';
import { readAnthropicDocument } from './anthropic.ts';
import { readConverseDocument, readInvokeDocument } from './bedrock.ts';
import { readChatDocument } from './chat.ts';
import { readCohereDocument } from './cohere.ts';
import { type Draft, type ReadContext, setError, usageClaim } from './draft.ts';
import { readGeminiDocument, readInteractionDocument } from './gemini.ts';
import {
  readOllamaDocument,
  readPlainDocument,
  readReplicateDocument,
  readVertexPredict,
  readWorkersDocument,
} from './native.ts';
import { isBatchLine, readBatchLines, readStream } from './read-stream.ts';
import { readRealtime, readResponsesDocument } from './responses.ts';

/** Reads a framed response by the shape of its body; the path decides only where shapes are alike. Never throws. */
export function readBody(draft: Draft, body: FramedBody, context: ReadContext): void {
  if (body.kind === 'document') {
    const document = asObject(body.value);
    if (document !== undefined) readDocument(draft, document, body.text, context);
    else if (typeof body.value === 'string') setError(draft, body.value, '', false);
  } else if (body.kind === 'stream') readStream(draft, body.events, context);
}

function readDocument(draft: Draft, document: JsonObject, text: string, context: ReadContext): void {
  const usage = objectAt(document, 'usage');
  if (isBatchLine(document)) readBatchLines(draft, [{ name: '', data: text }], context);
  else if (Array.isArray(document['choices'])) readChatDocument(draft, document, text, context);
  else if (document['type'] === 'message') readAnthropicDocument(draft, document, text);
  else if (document['object'] === 'response' || textAt(document, 'object').startsWith('response.')) {
    readResponsesDocument(draft, document, text);
  } else if ('usageMetadata' in document || 'candidates' in document || 'promptFeedback' in document) {
    readGeminiDocument(draft, document, text);
  } else if (document['type'] === 'response.done') readRealtime(draft, [{ name: '', data: text }]);
  else if (usage !== undefined && 'inputTokens' in usage) readConverseDocument(draft, document, text);
  else if (usage !== undefined && 'total_input_tokens' in usage) readInteractionDocument(draft, document, text);
  else if (isCohere(document, usage)) readCohereDocument(draft, document, text);
  else if ('done' in document && 'model' in document) readOllamaDocument(draft, document);
  else if ('success' in document && ('result' in document || 'errors' in document)) {
    readWorkersDocument(draft, document, text, context);
  } else if ('predictions' in document) readVertexPredict(draft, document);
  else if ('urls' in document && 'status' in document) readReplicateDocument(draft, document, text);
  else if (usage !== undefined && 'input_tokens' in usage) readResponsesDocument(draft, document, text);
  else if (!readInvokeDocument(draft, document, text)) readPlainDocument(draft, document, text, context);
  readBatchResults(draft, document);
  takeDocumentError(draft, document);
}

function isCohere(document: JsonObject, usage: JsonObject | undefined): boolean {
  const counted = usage ?? objectAt(document, 'meta');
  return counted !== undefined && ('billed_units' in counted || 'tokens' in counted);
}

/** Results of a batch, each an answer of its own with usage of its own (xAI `results[].batch_result`). */
function readBatchResults(draft: Draft, document: JsonObject): void {
  for (const item of arrayAt(document, 'results')) {
    const response = objectAt(objectAt(asObject(item), 'batch_result'), 'response');
    for (const value of Object.values(response ?? {})) {
      const answer = asObject(value);
      const usage = objectAt(answer, 'usage');
      if (usage === undefined) continue;
      const claim = usageClaim(textAt(answer, 'id'), answer?.['created']);
      const part = { family: 'chat:xai_chat', model: textAt(answer, 'model'), usage };
      draft.parts.push(claim === undefined ? part : { ...part, claim });
    }
  }
}

function takeDocumentError(draft: Draft, document: JsonObject): void {
  setError(draft, document['error'] ?? (document['type'] === 'error' ? document : undefined), '', false);
}
