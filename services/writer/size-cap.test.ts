import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type PartitionState, planRemovals, REMOVAL_ORDER, rangeOf } from './size-cap.ts';

const NOW = Date.UTC(2026, 0, 31, 12);

function state(table: string, partition: string, bytes = 10, other: Partial<PartitionState> = {}): PartitionState {
  return {
    ...{ node: 'a', table, partition, bytes, rows: bytes * 2, lastBlock: 7, insertedMs: 0, isFirstReplica: true },
    ...other,
  };
}

const days = (table: string, ...partitions: number[]) => partitions.map((day) => state(table, `202601${day}`));
const namesOf = (states: PartitionState[], maxBytes: number) =>
  planRemovals(states, maxBytes, NOW).removals.map(({ table, partition }) => `${table} ${partition.slice(4)}`);

describe('above the cap', () => {
  const states = [
    ...days('flows_1m', 27, 28, 29),
    ...days('flows', 27, 28, 29),
    ...days('samples', 28, 29),
    ...days('flow_summaries', 26, 27, 28),
    ...days('stored', 20, 21),
  ];

  test('nothing goes before it is reached', () => {
    assert.deepEqual(planRemovals(states, 130, NOW), { removals: [], bytes: 130, overBytes: 0 });
  });

  test('raw tables go before rollups, in each row the oldest first, and no more than must', () => {
    assert.deepEqual(namesOf(states, 129), ['samples 0128']);
    assert.deepEqual(namesOf(states, 120), ['samples 0128']);
    assert.deepEqual(namesOf(states, 80), [
      'samples 0128',
      'flow_summaries 0126',
      'flows 0127',
      'flow_summaries 0127',
      'flows 0128',
    ]);
    assert.deepEqual(namesOf(states, 60).slice(5), ['flows_1m 0127', 'flows_1m 0128']);
  });

  test('the newest partition of a table stays, and so do accounts; what is too much then is said', () => {
    const { removals, bytes, overBytes } = planRemovals(states, 1, NOW);
    assert.equal(removals.length, 7);
    assert.equal(bytes, 130);
    assert.equal(overBytes, 130 - 70 - 1);
    assert.ok(removals.every(({ table }) => REMOVAL_ORDER.flat().includes(table)));
  });

  test('a partition that is written to stays: of a time that is not over, or that somebody inserts into', () => {
    const month = (partition: string) => state('flows_1h', partition);
    assert.deepEqual(namesOf([month('202511'), month('202601'), month('202602')], 1), ['flows_1h 11']);
    const late = state('flows', '20260127', 10, { insertedMs: NOW - 299_000 });
    assert.deepEqual(namesOf([late, ...days('flows', 28, 29)], 20), ['flows 0128']);
    const settled = { ...late, insertedMs: NOW - 301_000 };
    assert.deepEqual(namesOf([settled, ...days('flows', 28, 29)], 20), ['flows 0127']);
  });

  test('a partition of another kind than days and months is let be', () => {
    assert.deepEqual(namesOf([state('flows', 'tuple()'), state('flows', 'all'), state('flows', '20260130')], 1), []);
    assert.equal(rangeOf('2026'), undefined);
    assert.deepEqual(rangeOf('202512'), { sinceMs: Date.UTC(2025, 11, 1), untilMs: Date.UTC(2026, 0, 1) });
    assert.deepEqual(rangeOf('20260228'), { sinceMs: Date.UTC(2026, 1, 28), untilMs: Date.UTC(2026, 2, 1) });
  });
});

test('on a cluster the fullest node counts, and a partition goes from all', () => {
  const states = [
    state('flows', '20260127', 10, { node: 'b' }),
    ...['a', 'b', 'c'].flatMap((node, index) => [
      state('flows', '20260128', index === 1 ? 5 : 20, { node, lastBlock: index, isFirstReplica: node !== 'c' }),
      state('flows', '20260129', 10, { node }),
    ]),
  ];
  // The oldest is on b alone, which is not too full.
  const { removals, bytes } = planRemovals(states, 25, NOW);
  assert.equal(bytes, 30);
  assert.deepEqual(removals, [
    {
      ...{ table: 'flows', partition: '20260128', bytes: 45, rows: 2 * (20 + 5), lastBlock: 2 },
      ...{ sinceMs: Date.UTC(2026, 0, 28), untilMs: Date.UTC(2026, 0, 29) },
    },
  ]);
});
