import { join } from 'node:path';
import { WeirError } from '@weir/kernel';
import { openBootDirectory, removeLeftovers } from '../shared/boot-directory.ts';
import { ProcessLock } from '../shared/process-lock.ts';
import { SharedCell } from '../shared/shared-cell.ts';
import { SegmentTables, type Tables } from './segment-tables.ts';
import { type SealedSegment, TOPIC, TopicState } from './topic-state.ts';

/** A reader that is this often overtaken by changes of the tables meets a fault, not traffic. */
const LOAD_ATTEMPTS = 1_000;

/** What one transaction sees and changes: all of it is kept, or nothing when it throws. */
export interface TopicChange {
  readonly state: TopicState;
  segments(partition: number): readonly SealedSegment[];
  setSegments(partition: number, segments: readonly SealedSegment[]): void;
  /** Seals the active segment and begins the next one. */
  roll(partition: number): void;
}

/** What a reader sees: counters and tables of one moment, until the next call on the storage. */
export interface TopicView {
  readonly state: TopicState;
  readonly tables: Tables;
}

/** The shared state of a topic: a lock, the counters and the tables of sealed segments. */
export class TopicStorage {
  readonly #lock: ProcessLock;
  readonly #cell: SharedCell;
  readonly #tables: SegmentTables;
  readonly #state = new TopicState();

  /** `build` makes the first state of this boot, in whichever process comes first; killed half-way, the next one does. */
  constructor(directory: string, build: (change: TopicChange) => void) {
    const bootDirectory = openBootDirectory(directory);
    this.#lock = new ProcessLock(join(bootDirectory, 'lock.mdb'));
    this.#cell = new SharedCell(join(bootDirectory, 'counters'));
    this.#tables = new SegmentTables(bootDirectory);
    if (this.#state.load(this.#cell)) return;
    this.#lock.run(() => {
      if (this.#state.load(this.#cell)) return;
      removeLeftovers(directory);
      this.#change(build);
    });
  }

  /** Runs `work` alone among all processes. */
  transact<T>(work: (change: TopicChange) => T): T {
    return this.#lock.run(() => {
      this.#state.load(this.#cell);
      return this.#change(work);
    });
  }

  /** The newest counters, without waiting for writers; valid until the next call. */
  loadState(): TopicState {
    this.#state.load(this.#cell);
    return this.#state;
  }

  view(): TopicView {
    for (let attempt = 0; attempt < LOAD_ATTEMPTS; attempt += 1) {
      const state = this.loadState();
      const tables = this.#tables.load(state.get(TOPIC.tables));
      if (tables !== undefined) return { state, tables };
    }
    return { state: this.#state, tables: this.#named(this.#state.get(TOPIC.tables)) };
  }

  close(): void {
    this.#lock.close();
    this.#cell.close();
  }

  #change<T>(work: (change: TopicChange) => T): T {
    const state = this.#state;
    const version = state.get(TOPIC.tables);
    let changed: (readonly SealedSegment[])[] | undefined;
    const tables = (): Tables => changed ?? this.#named(version);
    const change: TopicChange = {
      state,
      segments: (partition) => tables()[partition] ?? [],
      setSegments: (partition, segments) => {
        changed = Array.from({ length: state.partitions }, (_, index) =>
          index === partition ? segments : (tables()[index] ?? []),
        );
      },
      roll: (partition) => {
        const sealed = state.active(partition);
        change.setSegments(partition, [...change.segments(partition), sealed]);
        state.setActive(partition, { base: sealed.end, bytes: 0, records: 0, maxTimestampMs: 0 });
      },
    };
    const result = work(change);
    if (changed !== undefined) {
      this.#tables.write(version + 1, changed);
      state.set(TOPIC.tables, version + 1);
    }
    state.store(this.#cell);
    if (changed !== undefined) this.#tables.remove(version);
    return result;
  }

  /** The tables that the counters name: nobody replaces them under the lock. */
  #named(version: number): Tables {
    const tables = this.#tables.load(version);
    if (tables === undefined) throw new WeirError('LOG_CORRUPT', `${this.#tables.path(version)} is missing`);
    return tables;
  }
}
