import { errorMessage, WeirError } from '@weir/kernel';
import { readExchange } from '@weir/providers';
import { writeThrough } from '../../price/write-through.ts';
import { exchangeReport } from '../../usage/exchange-report.ts';
import { lowerCase, readBodyFile, readEntry, readIndex } from '../../usage/recorded-batch.ts';
import { recordedExchange } from '../../usage/recorded-exchange.ts';
import type { Command, CommandInput } from '../command.ts';

export const usage: Command = {
  name: 'usage',
  usage: '',
  summary: 'Read the usage of a recorded exchange, or of a list of them, in its normal form.',
  options: {
    provider: { value: 'slug', help: 'who answered; without it the host of the endpoint tells' },
    endpoint: { value: 'url', help: '"POST https://host/path", or a path alone (default: the chat endpoint)' },
    stream: { help: 'the response is an event stream; without it its bytes tell' },
    request: { value: 'file', help: 'body of the request' },
    response: { value: 'file', help: 'body of the response' },
    headers: { value: 'file', help: 'JSON object of response headers; some providers count there' },
    status: { value: 'code', help: 'HTTP status (default 200)' },
    cut: { help: 'the response broke off before its end' },
    batch: { value: 'file', help: 'a list of recorded exchanges, shaped as INDEX.json; one line of JSON each' },
  },
  examples: [
    'npm start -- usage --provider anthropic --endpoint /v1/messages --response answer.json',
    'npm start -- usage --batch ../shared/fixtures/INDEX.json > usages.jsonl',
  ],
  run: (input) =>
    input.options['batch'] === undefined ? runOne(input) : runBatch(input, String(input.options['batch'])),
};

async function runOne({ options, out }: CommandInput): Promise<number> {
  const { response, request, provider, endpoint, status, headers } = options;
  if (response === undefined) {
    throw new WeirError('CLI_USAGE', 'usage needs --response or --batch', { fix: 'weir usage --response answer.json' });
  }
  const facts = readExchange(
    recordedExchange({
      provider: String(provider ?? ''),
      endpoint: String(endpoint ?? '/v1/chat/completions'),
      model: '',
      status: statusOf(status),
      framing: options['stream'] === true ? 'sse' : '',
      headers:
        headers === undefined ? {} : lowerCase(parseHeaders(String(headers), await readBodyFile(String(headers)))),
      request: request === undefined ? new Uint8Array() : await readBodyFile(String(request)),
      response: await readBodyFile(String(response)),
      complete: options['cut'] !== true,
    }),
  );
  out(JSON.stringify(exchangeReport(facts), null, 2));
  return 0;
}

function statusOf(option: unknown): number {
  const status = Number(option ?? 200);
  if (Number.isInteger(status) && status >= 100 && status <= 599) return status;
  throw new WeirError('CLI_USAGE', `--status is "${String(option)}"`, { fix: 'Write an HTTP status, such as 200.' });
}

function parseHeaders(file: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new WeirError('CLI_FILE_UNREADABLE', `${file} is not JSON: ${errorMessage(cause)}`, { cause });
  }
}

/** An entry that cannot be read is reported and the rest goes on; the exit code says so. */
async function runBatch({ err }: CommandInput, index: string): Promise<number> {
  let failed = 0;
  for (const entry of await readIndex(index)) {
    try {
      await writeThrough(process.stdout, `${JSON.stringify(await readEntry(entry, index))}\n`);
    } catch (error) {
      failed += 1;
      err(`weir: ${String(entry['id'])}: ${errorMessage(error)}`);
    }
  }
  return failed === 0 ? 0 : 1;
}
