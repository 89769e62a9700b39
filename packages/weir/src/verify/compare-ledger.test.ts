import { expect, it } from 'vitest';
import { compareLedger } from './compare-ledger.ts';
import type { LogFacts } from './read-log-facts.ts';

const at = (offset: number, costUsd?: bigint | null) => ({ partition: 0, offset, costUsd });

const log: LogFacts = {
  requests: new Map([
    ['good', at(0)],
    ['buried', at(1)],
    ['lost', at(2)],
    ['coming', at(9)],
    ['priced-late', at(3)],
  ]),
  costs: new Map([
    ['good', at(0, 5n)],
    ['only-cost', at(1, 7n)],
    ['wrong', at(2, 9n)],
    ['twice', at(3, 1n)],
    ['loading', at(8, 3n)],
  ]),
  repeatedRequests: 0,
  repeatedCosts: 0,
  dead: new Set(['weir.requests/0/1']),
};

it('I3 names what is missing, doubled or misstated, and tells it from what is on its way or buried', () => {
  const ledger = new Map([
    ['good', { rows: 1, costUsd: 5n }],
    ['only-cost', { rows: 1, costUsd: 7n }],
    ['wrong', { rows: 1, costUsd: 8n }],
    ['twice', { rows: 2, costUsd: 2n }],
    ['older-than-the-log', { rows: 1, costUsd: null }],
  ]);
  const committed = { cost: new Map([[0, 9]]), loader: new Map([[0, 8]]) };
  expect(compareLedger(log, ledger, committed)).toEqual({
    idsInLog: 9,
    idsInLedger: 5,
    inFlight: ['coming', 'loading'],
    missing: ['lost', 'priced-late'],
    doubled: ['twice'],
    misstated: ['wrong'],
    dead: 1,
    loggedUsd: 22n,
    ledgerUsd: 22n,
    unpriced: 0,
  });
});

it('before a group has committed anything, everything is on its way', () => {
  const nothing = { cost: new Map(), loader: new Map() };
  const { missing, inFlight } = compareLedger(log, new Map(), nothing);
  expect(missing).toEqual([]);
  expect(inFlight).toHaveLength(8);
});
