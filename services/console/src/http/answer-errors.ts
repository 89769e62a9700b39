import { errorMessage, WeirError } from '@weir/kernel';
import type { Logger } from '@weir/telemetry';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ErrorAnswer } from '../api/answers.ts';

const RETRY_AFTER_S = 2;

const STATUS: Readonly<Record<string, number>> = {
  CONSOLE_PARAMETER: 400,
  CONSOLE_HOST: 403,
  CONSOLE_NOT_FOUND: 404,
  CONSOLE_BUSY: 503,
  WAREHOUSE_TIMEOUT: 504,
};

/** Not worth a log line: the limit did its work, or the caller left. */
const EXPECTED = new Set(['CONSOLE_BUSY', 'WAREHOUSE_CANCELLED']);

function send(reply: FastifyReply, status: number, error: ErrorAnswer['error']): FastifyReply {
  if (status === 503) reply.header('retry-after', RETRY_AFTER_S);
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .send({ error } satisfies ErrorAnswer);
}

/** Errors as JSON with their code; what the code does not expect is logged and answered without its inside. */
export function answerErrors(app: FastifyInstance, logger: Logger): void {
  app.setErrorHandler((error, request, reply) => {
    if (WeirError.is(error)) {
      const status = STATUS[error.code] ?? (error.retriable ? 503 : 500);
      if (status >= 500 && !EXPECTED.has(error.code))
        logger.warn({ error, path: request.routeOptions.url }, 'query failed');
      return send(reply, status, {
        code: error.code,
        message: error.message,
        fix: error.fix ?? null,
        details: error.details ?? {},
      });
    }
    const status = hasStatus(error) ? error.statusCode : 500;
    if (status >= 500) logger.error({ error, path: request.routeOptions.url }, 'request failed');
    const message = status >= 500 ? 'the console failed; its log says why' : errorMessage(error);
    return send(reply, status, { code: 'CONSOLE_REQUEST', message, fix: null, details: {} });
  });
  app.setNotFoundHandler((request, reply) =>
    send(reply, 404, {
      code: 'CONSOLE_NOT_FOUND',
      message: `no ${request.method} ${request.url.split('?')[0]}`,
      fix: 'The page is at /, the API below /api/.',
      details: {},
    }),
  );
}

function hasStatus(error: unknown): error is { readonly statusCode: number } {
  return typeof error === 'object' && error !== null && 'statusCode' in error && typeof error.statusCode === 'number';
}
