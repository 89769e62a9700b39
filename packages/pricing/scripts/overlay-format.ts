import type { PriceRowEntry, ProviderEntry, ScopeEntry, WhenEntry } from '../src/price-book-format.ts';
import type { DraftRates } from './draft-book.ts';

type Confidence = PriceRowEntry['confidence'];

interface Selector {
  readonly provider: string;
  /** Anchored regular expression over model ids. */
  readonly models: string;
  readonly why: string;
}

/** One tier price of one model, USD per 1,000,000 tokens. */
export interface TierEntry {
  readonly model: string;
  readonly tier: string;
  readonly rates: Readonly<Record<string, string>>;
  readonly above?: { readonly threshold: number; readonly rates: Readonly<Record<string, string>> };
  readonly from?: string;
  readonly to?: string;
  readonly confidence: Confidence;
  readonly source: string;
}

/** overlay.json: what the source package cannot say, and corrections to it, in the order in which they apply. */
export interface Overlay {
  /** UTC dates of the data: of the source package's version, and of this file. */
  readonly recorded: { readonly source: string; readonly overlay: string };
  readonly providers: readonly ProviderEntry[];
  readonly free: readonly string[];
  readonly drop: readonly { readonly model: string; readonly why: string }[];
  readonly rename: readonly { readonly model: string; readonly to: string }[];
  readonly models: readonly {
    readonly model: string;
    readonly aliases: readonly string[];
    readonly rates: DraftRates;
    readonly confidence: Confidence;
  }[];
  readonly copies: readonly { readonly from: string; readonly to: string }[];
  readonly periods: readonly {
    readonly model: string;
    readonly rows: readonly {
      readonly from?: string;
      readonly to?: string;
      readonly when?: WhenEntry;
      readonly status?: PriceRowEntry['status'];
      readonly rates: DraftRates;
      readonly confidence: Confidence;
    }[];
  }[];
  readonly aliases: readonly {
    readonly model: string;
    readonly add?: readonly string[];
    readonly remove?: readonly string[];
    readonly patterns?: readonly string[];
  }[];
  readonly dated_aliases: readonly {
    readonly provider: string;
    readonly alias: string;
    readonly periods: readonly { readonly model: string; readonly from: string | null; readonly to: string | null }[];
  }[];
  readonly sets: readonly (Selector & { readonly rates: DraftRates; readonly replace?: boolean })[];
  readonly same_as: readonly (Selector & { readonly units: Readonly<Record<string, string>> })[];
  readonly context: readonly (Selector & {
    readonly threshold: number;
    readonly inclusive: boolean;
    readonly to?: string;
    readonly factors: Readonly<Record<string, string>>;
  })[];
  readonly tiers: readonly TierEntry[];
  readonly tier_rules: readonly (Selector & {
    readonly tier: string;
    readonly factor: string;
    readonly keep: readonly string[];
    readonly confidence: Confidence;
  })[];
  readonly uplifts: readonly (Selector & { readonly factor: string; readonly scope: ScopeEntry })[];
}
