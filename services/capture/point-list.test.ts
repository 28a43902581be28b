import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Counters } from 'libbpf-ts/capture.ts';
import type { PointState } from './batch-builder.ts';
import { createPointList } from './point-list.ts';

const zero = { packets: 0, buffers: 0, bytes: 0, selected: 0, ringFull: 0, copyFailed: 0, own: 0, ownSelected: 0 };

function point(key: string, counters: Partial<Counters> = {}): PointState {
  const state = { ifIndex: 1, ifName: key, direction: 'ingress' as const, linkType: 'ethernet' as const, lostOnWay: 0 };
  return { key, indexOffset: 0, read: () => ({ ...state, ...zero, buffers: 1, ...counters }) };
}

function selected(list: ReturnType<typeof createPointList>): number {
  return list.states().reduce((sum, state) => sum + state.selected, 0);
}

test('a point that is gone stays for a while, then its numbers go on in the sum', () => {
  const list = createPointList(1000);
  const gone = point('a', { selected: 7 });
  list.add(gone);
  list.add(point('b', { selected: 5 }));
  list.retire(gone, 10_000);
  list.prune(10_999);
  assert.deepEqual(
    list.all().map(({ key }) => key),
    ['a', 'b'],
  );
  list.prune(11_000);
  assert.deepEqual(
    list.all().map(({ key }) => key),
    ['b'],
  );
  assert.equal(selected(list), 12);
  assert.deepEqual(
    list.states().map(({ ifName }) => ifName),
    ['b', '(gone)'],
  );
});

test('a point that comes back goes on with its numbers, and the sum has them no more', () => {
  const list = createPointList(0);
  const first = point('a', { selected: 7, packets: 70 });
  list.add(first);
  list.retire(first, 0);
  list.prune(0);
  const numbers = list.numbersOf('a');
  assert.deepEqual([numbers?.selected, numbers?.packets], [7, 70]);
  list.add(point('a', { selected: 8 }));
  assert.equal(selected(list), 8);
});

test('a point that comes back before it was forgotten takes the place of the one before', () => {
  const list = createPointList(1000);
  const first = point('a', { selected: 7 });
  list.add(first);
  list.retire(first, 0);
  assert.equal(list.numbersOf('a')?.selected, 7);
  list.add(point('a', { selected: 9 }));
  list.retire(first, 1); // late news of the first
  list.prune(100_000);
  assert.equal(selected(list), 9);
  assert.equal(list.all().length, 1);
});

test('generations of points without end need memory for as many as are remembered, and no count is lost', () => {
  const list = createPointList(0, 100);
  for (let generation = 0; generation < 10_000; generation++) {
    const passing = point(`${generation}`, { selected: 1 });
    list.add(passing);
    list.retire(passing, generation);
    list.prune(generation);
  }
  assert.equal(list.all().length, 0);
  assert.equal(selected(list), 10_000);
  assert.equal(list.numbersOf('0'), undefined);
  assert.equal(list.numbersOf('9999')?.selected, 1);
});
