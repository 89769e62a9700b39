import { type RepriceSummary, readPriceBook, reprice as repriceLedger } from '@weir/cost';
import { picoToText, systemClock } from '@weir/kernel';
import { embeddedPriceBook, type PriceBook } from '@weir/pricing';
import { openLedger } from '../../ledger/maintenance.ts';
import { textTable } from '../../ledger/text-table.ts';
import { windowOption } from '../../ledger/time-option.ts';
import { BOOK_OPTIONS, bookOf } from '../../price/book-of.ts';
import { priceBookSettings } from '../../settings.ts';
import type { Command, CommandInput } from '../command.ts';

export const reprice: Command = {
  name: 'reprice',
  usage: '',
  summary: 'Price the calls of a window by another price book; what differs becomes corrections beside the rows.',
  options: {
    from: { value: 'time', help: 'start of the window of event time, ISO 8601 or a date (UTC)' },
    to: { value: 'time', help: 'its end (default: now)' },
    ...BOOK_OPTIONS,
    book: { value: 'book', help: 'price book: a file, an address, or the version of the configured one (the default)' },
    model: { value: 'names', help: 'only these models, comma-separated, as asked, answered or priced' },
    'dry-run': { help: 'tell what would change, and change nothing' },
    json: { help: 'one JSON object instead of a table' },
  },
  examples: [
    'npm start -- reprice --from 2026-11-01 --dry-run',
    'npm start -- reprice --from 2026-11-01 --to 2026-11-08 --book prices-2026-11.json --model gpt-4o',
  ],
  run: runReprice,
};

const INTERRUPTED = 130;

async function runReprice(input: CommandInput): Promise<number> {
  const { options, settings, signal, err } = input;
  const window = windowOption(input, systemClock.now());
  const models = String(options['model'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const book = await namedBook(input);
  const warehouse = await openLedger(settings);
  try {
    const startedAt = performance.now();
    const summary = await repriceLedger({
      warehouse,
      book,
      clock: systemClock,
      signal,
      dryRun: options['dry-run'] === true,
      models,
      ...window,
      onProgress: ({ rows, ofRows, changed }) => {
        const percent = ofRows === 0 ? 100 : Math.floor((rows / ofRows) * 100);
        err(`${percent}%: ${rows} of ${ofRows} rows priced by book ${book.version}, ${changed} differ`);
      },
    });
    report(input, summary, (performance.now() - startedAt) / 1_000);
    return summary.complete ? 0 : INTERRUPTED;
  } finally {
    await warehouse.close();
  }
}

/** A version names the configured book or that of this release; anything else is a file or an address. */
async function namedBook(input: CommandInput): Promise<PriceBook> {
  const { book: named } = input.options;
  if (named === embeddedPriceBook().version) return embeddedPriceBook();
  if (named === undefined) return bookOf(input);
  const configured = await readPriceBook(priceBookSettings(input.settings));
  return named === configured.version ? configured : bookOf(input);
}

function report({ options, out, err }: CommandInput, summary: RepriceSummary, seconds: number): void {
  const dryRun = options['dry-run'] === true;
  const models = summary.models.map(({ beforeUsd, afterUsd, ...model }) => ({
    ...model,
    before_usd: picoToText(beforeUsd),
    after_usd: picoToText(afterUsd),
    difference_usd: picoToText(afterUsd - beforeUsd),
  }));
  const total = summary.models.reduce((sum, { beforeUsd, afterUsd }) => sum + afterUsd - beforeUsd, 0n);
  if (options['json'] === true) {
    out(JSON.stringify({ ...summary, dryRun, models, difference_usd: picoToText(total) }));
    return;
  }
  if (summary.settledChunks > 0) err(`${summary.settledChunks} chunks of an interrupted repricing were written first`);
  const head = ['model', 'rows', 'before USD', 'after USD', 'difference USD', 'got a price', 'lost it'];
  const rows = models.map((model) => [
    model.model,
    String(model.rows),
    model.before_usd,
    model.after_usd,
    model.difference_usd,
    String(model.priced),
    String(model.unpriced),
  ]);
  if (rows.length > 0) for (const line of textTable(head, rows)) out(line);
  const { changedRows, rows: priced, keptRows, unreadableRows, priceBookVersion } = summary;
  const verb = dryRun ? 'would be corrected' : 'corrected';
  out(`${changedRows} of ${priced} rows ${verb} by ${picoToText(total)} USD (book ${priceBookVersion})`);
  const kept = 'rows keep what they cost: reported by the provider, set by the caller, free, or without usage';
  if (keptRows > 0) out(`${keptRows} ${kept}`);
  if (unreadableRows > 0) out(`${unreadableRows} rows keep what they cost: several models in one answer, untold apart`);
  if (!summary.complete) out('Interrupted: run it again to go on.');
  err(`${seconds.toFixed(1)} s`);
}
