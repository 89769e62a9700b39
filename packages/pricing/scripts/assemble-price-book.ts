import { createHash } from 'node:crypto';
import {
  type BookSource,
  type ModelEntry,
  type PriceBookDocument,
  type PriceRowEntry,
  type ProviderEntry,
  recordedOf,
} from '../src/price-book-format.ts';
import type { DraftBook, DraftModel, DraftRow } from './draft-book.ts';
import { SOURCE_NAME, SOURCE_VERSION } from './read-genai-prices.ts';

const byText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

function byTierAndTime(left: PriceRowEntry, right: PriceRowEntry): number {
  const key = (row: PriceRowEntry): string =>
    [row.tier === 'standard' ? '' : row.tier, row.from ?? '', row.id].join(' ');
  return byText(key(left), key(right));
}

/** Turns the draft into the document: sorted, without double names, with ids and the version. */
export function assemblePriceBook(
  book: DraftBook,
  providers: readonly ProviderEntry[],
  recorded: { readonly source: string; readonly overlay: string },
): PriceBookDocument {
  const drafts = [...book.values()].sort((a, b) => byText(`${a.provider}/${a.id}`, `${b.provider}/${b.id}`));
  const sources: readonly BookSource[] = [
    { name: SOURCE_NAME, ref: SOURCE_VERSION, licence: 'MIT', recorded: recorded.source },
    { name: 'overlay', ref: 'packages/pricing/overlay.json', licence: 'Apache-2.0', recorded: recorded.overlay },
  ];
  const content: Omit<PriceBookDocument, 'version'> = {
    format: 1,
    sources,
    providers,
    models: modelsOf(drafts, [...book.values()]),
    rows: drafts.flatMap((draft) => draft.rows.map((row) => rowOf(draft, row, sources)).sort(byTierAndTime)),
  };
  const version = createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 12);
  return { format: 1, version, sources: content.sources, providers, models: content.models, rows: content.rows };
}

/**
 * One model, provider or row per line, so that a change of one shows as one. Models and rows are keyed, not listed: the
 * compiler infers the type of a long list of unlike objects slowly.
 */
export function serializePriceBook(document: PriceBookDocument): string {
  const lines = (items: readonly unknown[]): string =>
    items.map((item) => `  ${JSON.stringify(item, omitDefaults)}`).join(',\n');
  const keyed = (items: readonly (readonly [key: string, item: unknown])[]): string =>
    items.map(([key, item]) => `  ${JSON.stringify(key)}: ${JSON.stringify(item, omitDefaults)}`).join(',\n');
  const { format, version, sources, providers, models, rows } = document;
  return `{
 "format": ${format},
 "version": ${JSON.stringify(version)},
 "sources": [\n${lines(sources)}\n ],
 "providers": [\n${lines(providers)}\n ],
 "models": {\n${keyed(models.map(({ provider, id, ...model }) => [`${provider}/${id}`, model]))}\n },
 "rows": {\n${keyed(rows.map((row) => [row.id, storedRow(row, sources)]))}\n }
}
`;
}

/** A row without what goes without saying: the date of its source. */
function storedRow({ id: _, provider, model, ...row }: PriceRowEntry, sources: readonly BookSource[]): object {
  const recorded = row.recorded === recordedOf(row.source, sources) ? null : row.recorded;
  return { model: `${provider}/${model}`, ...row, recorded };
}

/** An open end and the active status go without saying. */
function omitDefaults(key: string, value: unknown): unknown {
  return value === null || (key === 'status' && value === 'active') ? undefined : value;
}

/** The first model in the source's order keeps a name; a model's own id is always its own. */
function modelsOf(sorted: readonly DraftModel[], sourceOrder: readonly DraftModel[]): ModelEntry[] {
  const owner = new Map<string, string>();
  for (const draft of sourceOrder) owner.set(`${draft.provider}/${draft.id}`, draft.id);
  for (const draft of sourceOrder) {
    for (const alias of draft.aliases) {
      const key = `${draft.provider}/${alias}`;
      if (!owner.has(key)) owner.set(key, draft.id);
    }
  }
  return sorted.map(({ provider, id, aliases, dated, patterns, dates }) => ({
    provider,
    id,
    aliases: [...aliases].filter((alias) => alias !== id && owner.get(`${provider}/${alias}`) === id).sort(byText),
    ...(dated.length === 0 ? {} : { dated }),
    ...(patterns.size === 0 ? {} : { patterns: [...patterns].sort(byText) }),
    ...(dates ? { dates: true } : {}),
  }));
}

/** The id names the row and, by a hash, its content: a corrected rate is another row. */
function rowOf({ provider, id: model }: DraftModel, draft: DraftRow, sources: readonly BookSource[]): PriceRowEntry {
  const { tier, from, to, scope, when, rates, context, status, confidence, source } = draft;
  const content = {
    tier,
    from,
    to,
    ...(scope === undefined ? {} : { scope }),
    ...(when === undefined ? {} : { when }),
    rates,
    ...(context === undefined ? {} : { context }),
    status,
    confidence,
    source,
    recorded: recordedOf(source, sources),
  };
  const hash = createHash('sha256')
    .update(JSON.stringify([scope, when, rates, context, to]))
    .digest('hex')
    .slice(0, 6);
  const parts = [`${provider}/${model}`, tier === 'standard' ? '' : tier, from?.slice(0, 10) ?? '', hash];
  return { id: parts.filter((part) => part !== '').join(':'), provider, model, ...content };
}
