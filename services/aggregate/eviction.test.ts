import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodedBatchCodec } from '@tcxflow/schemas/topics.ts';
import { chooseEviction, EVICTIONS_MAX, evict } from './eviction.ts';
import { batch, sample } from './testing/batches.ts';
import { flowsIn } from './testing/flows.ts';
import { addBatch, createWindowSet, type Window } from './windows.ts';

/** A window whose flows have so many samples. */
function windowOf(...samples: number[]) {
  const set = createWindowSet();
  const entries = samples.map((sampleCount, srcPort) => sample({ srcPort, sampleCount, segments: sampleCount }));
  addBatch(set, decodedBatchCodec.encode(batch(entries)), 0, 1000, () => true);
  const [window] = set.windows.values();
  return { set, window: window as Window };
}

const sizes = (window: Window) => flowsIn([window]).map(({ samples }) => samples);

test('at least half of the flows go, and always all of as many samples', () => {
  for (const [samples, upTo] of [
    [[1, 9, 1, 9], 1],
    [[1, 2, 3, 4], 2],
    [[1, 2, 2, 2, 7], 2],
    [[5, 5, 5, 5, 6], 5],
  ] as const) {
    const { set, window } = windowOf(...samples);
    const eviction = chooseEviction(set, window, 3);
    assert.deepEqual(eviction, { offset: 3, upTo });
    const smallest = evict(window, eviction as { offset: number; upTo: number });
    assert.deepEqual(
      sizes(smallest),
      samples.filter((count) => count <= upTo),
    );
    assert.deepEqual(
      sizes(window),
      samples.filter((count) => count > upTo),
    );
  }
});

test('a window whose flows are all alike, or all large, goes out as a whole', () => {
  for (const samples of [
    [1, 1, 1],
    [1000, 1000, 999, 1],
  ]) {
    const { set, window } = windowOf(...samples);
    assert.equal(chooseEviction(set, window, 1), undefined);
  }
});

test('a window goes out as a whole when the checkpoint has no place for more', () => {
  const { set, window } = windowOf(1, 2);
  window.evictions = Array.from({ length: EVICTIONS_MAX }, (_, offset) => ({ offset, upTo: 1 }));
  assert.equal(chooseEviction(set, window, 99), undefined);
});
