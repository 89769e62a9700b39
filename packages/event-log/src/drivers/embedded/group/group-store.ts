import { randomInt, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, WeirError } from '@weir/kernel';
import type {
  GroupMembership,
  GroupStorage,
  GroupTransaction,
  PartitionOwner,
} from '../../../consumer/group-storage.ts';
import type { CommittedOffset } from '../../../event-log.ts';
import { openBootDirectory, removeLeftovers } from '../shared/boot-directory.ts';
import { syncDirectory, writeSynced } from '../shared/durable-file.ts';
import { isMissing } from '../shared/file-errors.ts';
import { ProcessLock } from '../shared/process-lock.ts';
import { SharedCell } from '../shared/shared-cell.ts';

const CLAIM_MS = 60_000;
/** Longer names make no file name. */
const MAX_NAME_BYTES = 200;

/** Everything about one group, one value of a shared cell. Partitions are named `<topic>/<partition>`. */
interface GroupState {
  /** Counts the changes that have to survive the machine: commits and generations, not leases. */
  readonly revision: number;
  readonly membership: GroupMembership;
  readonly owners: Readonly<Record<string, PartitionOwner>>;
  readonly committed: Readonly<Record<string, CommittedOffset>>;
}

/** Who writes the checkpoint, and which revision of each group the last one holds. */
interface CheckpointState {
  readonly owner: number;
  readonly until: number;
  readonly revisions: Readonly<Record<string, number>>;
}

interface OpenGroup {
  readonly cell: SharedCell;
  /** Of the cell, when `state` was read from it. */
  sequence: number;
  state: GroupState;
}

const NEW_GROUP: GroupState = { revision: 0, membership: { version: 0, members: {} }, owners: {}, committed: {} };
const NO_OWNER: PartitionOwner = { member: null, generation: 0 };

/** Consumer groups, under a lock of their own, so that commits never wait for appends. */
export class GroupStore implements GroupStorage {
  readonly #directory: string;
  readonly #bootDirectory: string;
  readonly #clock: Clock;
  readonly #lock: ProcessLock;
  readonly #checkpoint: SharedCell;
  readonly #groups = new Map<string, OpenGroup>();
  readonly #owner = randomInt(1, 2 ** 47);

  constructor(directory: string, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
    this.#bootDirectory = openBootDirectory(directory);
    mkdirSync(this.#groupDirectory, { recursive: true });
    this.#lock = new ProcessLock(join(this.#bootDirectory, 'lock.mdb'));
    this.#checkpoint = new SharedCell(join(this.#bootDirectory, 'checkpoint'));
    if (this.#checkpoint.read() === undefined) this.#lock.run(() => this.#recover());
  }

  transact<T>(work: (transaction: GroupTransaction) => T): T {
    return this.#lock.run(() => {
      const changed = new Map<string, GroupState>();
      const stateOf = (group: string): GroupState => changed.get(group) ?? this.#load(group);
      const result = work({
        ...viewOf(stateOf),
        setMembership: (group, membership) => changed.set(group, { ...stateOf(group), membership }),
        setOwner: (group, topic, partition, owner) => {
          const state = stateOf(group);
          const owners = { ...state.owners, [`${topic}/${partition}`]: owner };
          changed.set(group, { ...state, owners, revision: state.revision + 1 });
        },
        setCommitted: (group, topic, partition, offset) => {
          const state = stateOf(group);
          const committed = { ...state.committed, [`${topic}/${partition}`]: offset };
          changed.set(group, { ...state, committed, revision: state.revision + 1 });
        },
      });
      for (const [group, state] of changed) this.#store(group, state);
      return result;
    });
  }

  read<T>(work: (view: ReturnType<typeof viewOf>) => T): T {
    return work(viewOf((group) => this.#load(group)));
  }

  /** Makes all commits so far survive a power loss; does nothing when they already do. */
  async sync(): Promise<void> {
    const states = new Map(this.#names().map((name) => [name, this.#load(name)]));
    const revisions = Object.fromEntries(Array.from(states, ([name, { revision }]) => [name, revision]));
    if (isCovered(revisions, this.#readCheckpoint().revisions) || !this.#claim()) return;
    const temporary = `${this.#path}.${randomUUID()}.tmp`;
    await writeSynced(temporary, JSON.stringify(Object.fromEntries(states)));
    this.#lock.run(() => {
      // A sync so slow that the claim ran out: another process has written a newer one.
      if (this.#readCheckpoint().owner !== this.#owner) return;
      renameSync(temporary, this.#path);
      this.#writeCheckpoint({ owner: 0, until: 0, revisions });
    });
    rmSync(temporary, { force: true });
    await syncDirectory(this.#directory);
  }

  close(): void {
    this.#lock.close();
    this.#checkpoint.close();
    for (const { cell } of this.#groups.values()) cell.close();
    this.#groups.clear();
  }

  get #path(): string {
    return join(this.#directory, 'checkpoint.json');
  }

  get #groupDirectory(): string {
    return join(this.#bootDirectory, 'groups');
  }

  #names(): string[] {
    return readdirSync(this.#groupDirectory)
      .filter((name) => name.endsWith('.0'))
      .map((name) => decodeURIComponent(name.slice(0, -2)));
  }

  /** The newest state; reading creates nothing. */
  #load(group: string): GroupState {
    const open = this.#groups.get(group) ?? (existsSync(`${this.#cellPath(group)}.0`) ? this.#open(group) : undefined);
    if (open === undefined) return NEW_GROUP;
    const stored = open.cell.read();
    if (stored !== undefined && open.cell.sequence !== open.sequence) {
      open.state = JSON.parse(stored.toString());
      open.sequence = open.cell.sequence;
    }
    return open.state;
  }

  #open(group: string): OpenGroup {
    const open = { cell: new SharedCell(this.#cellPath(group)), sequence: 0, state: NEW_GROUP };
    this.#groups.set(group, open);
    return open;
  }

  #cellPath(group: string): string {
    const name = encodeURIComponent(group);
    if (name === '' || name.length > MAX_NAME_BYTES) {
      throw new WeirError('LOG_INVALID_GROUP', `a group's name must have 1 to ${MAX_NAME_BYTES} bytes: ${group}`);
    }
    return join(this.#groupDirectory, name);
  }

  #store(group: string, state: GroupState): void {
    const open = this.#groups.get(group) ?? this.#open(group);
    open.cell.read();
    open.cell.write(Buffer.from(JSON.stringify(state)));
    open.state = state;
    open.sequence = open.cell.sequence;
  }

  /** Members do not outlive the run of the machine; commits and generations do. */
  #recover(): void {
    if (this.#checkpoint.read() !== undefined) return;
    removeLeftovers(this.#directory);
    for (const [group, { revision, committed, owners }] of Object.entries(this.#stored())) {
      const released = Object.entries(owners).map(([key, { generation }]) => [key, { member: null, generation }]);
      this.#store(group, { ...NEW_GROUP, revision, committed, owners: Object.fromEntries(released) });
    }
    this.#writeCheckpoint({ owner: 0, until: 0, revisions: {} });
  }

  #stored(): Record<string, GroupState> {
    try {
      return JSON.parse(readFileSync(this.#path, 'utf8'));
    } catch (error) {
      // Replaced as a whole, so it is whole or, before the first sync, absent.
      if (isMissing(error)) return {};
      throw new WeirError('LOG_CORRUPT', `${this.#path} cannot be read`, { cause: error });
    }
  }

  #claim(): boolean {
    return this.#lock.run(() => {
      const checkpoint = this.#readCheckpoint();
      const now = this.#clock.now();
      if (checkpoint.owner !== 0 && checkpoint.owner !== this.#owner && checkpoint.until > now) return false;
      this.#writeCheckpoint({ ...checkpoint, owner: this.#owner, until: now + CLAIM_MS });
      return true;
    });
  }

  #readCheckpoint(): CheckpointState {
    const stored = this.#checkpoint.read();
    return stored === undefined ? { owner: 0, until: 0, revisions: {} } : JSON.parse(stored.toString());
  }

  #writeCheckpoint(state: CheckpointState): void {
    this.#checkpoint.write(Buffer.from(JSON.stringify(state)));
  }
}

function viewOf(stateOf: (group: string) => GroupState): Pick<GroupTransaction, 'membership' | 'owner' | 'committed'> {
  return {
    membership: (group) => stateOf(group).membership,
    owner: (group, topic, partition) => stateOf(group).owners[`${topic}/${partition}`] ?? NO_OWNER,
    committed: (group, topic, partition) => stateOf(group).committed[`${topic}/${partition}`] ?? null,
  };
}

function isCovered(revisions: Readonly<Record<string, number>>, by: Readonly<Record<string, number>>): boolean {
  return Object.entries(revisions).every(([group, revision]) => (by[group] ?? 0) >= revision);
}
