import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '@weir/kernel';
import { tempDirectory } from '@weir/testkit';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { keyText } from '../../key-text.ts';
import type { CachedAnswer, CacheKey, CacheLimits, CacheSelection, ResponseCache } from '../../response-cache.ts';
import { isSelected } from '../../selection.ts';
import { sampleAnswer, sampleKey } from '../../testing/index.ts';
import { openFileCache } from './open-file-cache.ts';

type Step =
  | { readonly do: 'set'; readonly by: number; readonly key: CacheKey; readonly bytes: number; readonly ttlS: number }
  | { readonly do: 'get'; readonly by: number; readonly key: CacheKey }
  | { readonly do: 'purge'; readonly by: number; readonly selection: CacheSelection }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'crash'; readonly by: number }
  | { readonly do: 'damage'; readonly file: number; readonly at: number; readonly cut: boolean };

const HANDLES = 3;
const by = fc.nat(HANDLES - 1);
const key: fc.Arbitrary<CacheKey> = fc
  .record({
    gateway: fc.constantFrom('team', 'other'),
    account: fc.constantFrom('a', 'b'),
    name: fc.constantFrom('news-1', 'news-2', 'x', 'a'.repeat(64), 'b'.repeat(64)),
    chosen: fc.boolean(),
  })
  .map(sampleKey);
const bytes = fc.oneof({ weight: 8, arbitrary: fc.nat(3_000) }, { weight: 1, arbitrary: fc.constant(300_000) });
const selection: fc.Arbitrary<CacheSelection> = fc.constantFrom(
  {},
  { gateway: 'team' },
  { gateway: 'other', account: 'a' },
  { prefix: 'news-' },
  { gateway: 'team', key: 'x' },
);
const set = fc.record({
  do: fc.constant('set' as const),
  by,
  key,
  bytes,
  ttlS: fc.constantFrom(1, 30, 3_600, 2_592_000),
});
const get = fc.record({ do: fc.constant('get' as const), by, key });
const usual = fc.oneof(
  { weight: 8, arbitrary: set },
  { weight: 8, arbitrary: get },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('purge' as const), by, selection }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(500, 20_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), by }) },
);
const damage = fc.record({
  do: fc.constant('damage' as const),
  file: fc.nat(9),
  at: fc.nat(400_000),
  cut: fc.boolean(),
});
const steps = (step: fc.Arbitrary<Step>): fc.Arbitrary<Step[]> => fc.array(step, { minLength: 20, maxLength: 120 });

/** Handles of one directory, which share nothing else, as processes do; and the answers that ought to be in it. */
class Bench {
  readonly directory: string;
  readonly #limits: CacheLimits;
  readonly #handles: ResponseCache[];
  readonly #left: ResponseCache[] = [];
  readonly #model = new Map<string, { readonly key: CacheKey; readonly answer: CachedAnswer }>();
  /** What is found may be missing; what is found must still be right. */
  readonly #lossy: boolean;
  #now = Date.now();
  #turn = 0;

  constructor(directory: string, limits: CacheLimits, lossy: boolean) {
    this.directory = directory;
    this.#limits = limits;
    this.#lossy = lossy;
    this.#handles = Array.from({ length: HANDLES }, () => openFileCache({ directory, limits }));
  }

  async run(step: Step): Promise<void> {
    if (step.do === 'set') await this.#set(step.by, step.key, step.bytes, step.ttlS);
    else if (step.do === 'get') await this.#get(step.by, step.key);
    else if (step.do === 'purge') await this.#purge(step.by, step.selection);
    else if (step.do === 'pass') this.#now += step.ms;
    else if (step.do === 'damage') damageFile(this.directory, step);
    else this.#crash(step.by);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#handles, ...this.#left].map((handle) => handle.close()));
  }

  async #set(handle: number, at: CacheKey, size: number, ttlS: number): Promise<void> {
    this.#turn += 1;
    const body = Buffer.alloc(size, this.#turn);
    const expiresAt = this.#now + ttlS * 1_000;
    const answer = sampleAnswer({ body, requestId: `r-${this.#turn}`, storedAt: this.#now, expiresAt });
    await this.#handles[handle]?.set(at, answer);
    this.#model.set(keyText(at), { key: at, answer });
  }

  async #get(handle: number, at: CacheKey): Promise<void> {
    const known = this.#model.get(keyText(at))?.answer;
    const expected = known === undefined || known.expiresAt <= this.#now ? undefined : known;
    const found = await this.#found(handle, at);
    if (this.#lossy && (found === undefined || found === 'corrupt')) return;
    expect(found).toEqual(expected);
  }

  async #found(handle: number, at: CacheKey): Promise<CachedAnswer | 'corrupt' | undefined> {
    try {
      return await this.#handles[handle]?.get(at, this.#now);
    } catch (error) {
      if (errorCode(error) === 'CACHE_CORRUPT') return 'corrupt';
      throw error;
    }
  }

  async #purge(handle: number, selected: CacheSelection): Promise<void> {
    const gone = [...this.#model].filter(([, entry]) => isSelected(entry.key, selected));
    const purged = await this.#handles[handle]?.purge(selected);
    // An expired entry may be there or not.
    const live = gone.filter(([, { answer }]) => answer.expiresAt > this.#now).length;
    if (!this.#lossy) expect(purged).toBeGreaterThanOrEqual(live);
    expect(purged).toBeLessThanOrEqual(gone.length);
    for (const [id] of gone) this.#model.delete(id);
  }

  /** What a killed process had open stays so until the end of the run: nothing of it is put in order. */
  #crash(handle: number): void {
    const [dead] = this.#handles.splice(handle, 1, openFileCache({ directory: this.directory, limits: this.#limits }));
    if (dead !== undefined) this.#left.push(dead);
  }
}

function damageFile(directory: string, { file, at, cut }: Extract<Step, { do: 'damage' }>): void {
  const names = readdirSync(directory);
  const path = join(directory, names[file % names.length] ?? '');
  const { size } = statSync(path);
  if (size === 0) return;
  if (cut) truncateSync(path, at % size);
  else {
    const content = readFileSync(path);
    content[at % size] = (content[at % size] ?? 0) ^ (1 << (at % 8));
    writeFileSync(path, content);
  }
}

async function holds(run: readonly Step[], limits: CacheLimits, lossy: boolean): Promise<void> {
  const folder = await tempDirectory();
  const bench = new Bench(folder.value, limits, lossy);
  try {
    for (const step of run) {
      await bench.run(step);
      const segments = readdirSync(folder.value).filter((name) => name.endsWith('.entries'));
      const kept = segments.reduce((sum, name) => sum + statSync(join(folder.value, name)).size, 0);
      expect(kept).toBeLessThanOrEqual(limits.bytesMax * (1 + (HANDLES - 1) / 64));
    }
  } finally {
    await bench.close();
    await folder.stop();
  }
}

it('handles that share a directory see what each of them stored, replaced and purged, through crashes', async () => {
  const roomy = { bytesMax: 64 * 1024 * 1024, entriesMax: 1_000 };
  await fc.assert(
    fc.asyncProperty(steps(usual), (run) => holds(run, roomy, false)),
    { numRuns: 40 },
  );
});

it('I7 within tight limits, and with files damaged at random, what is found is what was stored last', async () => {
  const tight = { bytesMax: 700_000, entriesMax: 12 };
  const any = fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: damage });
  await fc.assert(
    fc.asyncProperty(steps(any), (run) => holds(run, tight, true)),
    { numRuns: 40 },
  );
});
