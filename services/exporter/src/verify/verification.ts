import type { DatasetName } from '../datasets/dataset.ts';

export type ProblemKind =
  /** The chain has a missing, changed or foreign link. */
  | 'chain'
  /** Two publications claim one revision of an hour, or a revision is skipped. */
  | 'double'
  /** What readers are pointed to is not the newest publication. */
  | 'pointer'
  /** An hour inside the exported range has no manifest. */
  | 'gap'
  /** A file is missing, or its bytes, hash, rows or Σ cost are others. */
  | 'file'
  /** The files of an hour do not add up to its totals. */
  | 'totals'
  /** A data file that no manifest names: a reader of the folder counts it. */
  | 'stray'
  /** The ledger, as of the snapshot, has other rows or another Σ cost. */
  | 'ledger';

export interface Problem {
  readonly kind: ProblemKind;
  readonly dataset: DatasetName;
  /** `2026-11-22T14`, or the key. */
  readonly where: string;
  readonly text: string;
}

/** Collects what verification finds. */
export class Verification {
  readonly problems: Problem[] = [];
  /** What is worth a word and is no fault. */
  readonly notes: string[] = [];
  hours = 0;
  files = 0;
  rows = 0;
  bytes = 0;

  add(kind: ProblemKind, dataset: DatasetName, where: string, text: string): void {
    this.problems.push({ kind, dataset, where, text });
  }
}
