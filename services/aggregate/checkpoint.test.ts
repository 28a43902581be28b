import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '@tcxflow/common/testing/random.ts';
import type { Flow } from '@tcxflow/schemas/generated.ts';
import { decodedBatchCodec } from '@tcxflow/schemas/topics.ts';
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  isWanted,
  KEY_SETS_MAX,
  makeCheckpoint,
  OPEN_WINDOWS_MAX,
  RAW_PARTITIONS_MAX,
} from './checkpoint.ts';
import { dueWindows } from './due-windows.ts';
import { EVICTIONS_MAX, UP_TO_MAX } from './eviction.ts';
import { type KeySet, keyFields, makeKeySet } from './key-set.ts';
import { batch, sample } from './testing/batches.ts';
import { flowsIn } from './testing/flows.ts';
import { type SimulatedLog, simulateLog, sumFlows, WINDOW_MS } from './testing/simulated-log.ts';
import { addBatch, createWindowSet } from './windows.ts';

/** A window set with a sample in each of these seconds, read at these offsets. */
function setOf(...reads: [second: number, offset: number][]) {
  const set = createWindowSet();
  for (const [second, offset] of reads)
    addBatch(
      set,
      decodedBatchCodec.encode(batch([sample({ timeOffsetNs: second * 1e9 })], { sourceOffset: offset * 10 })),
      offset,
      1000,
      () => true,
    );
  return set;
}

test('without open windows the commit is what was read, with all that was seen', () => {
  const set = setOf([1, 5], [1, 6]);
  set.windows.clear();
  set.closedUpToMs = 2000;
  assert.deepEqual(makeCheckpoint(set, 7, 1000), {
    offset: 7,
    windowMs: 1000,
    readUpTo: 7,
    closedUpToMs: 2000,
    open: new Map(),
    evictions: new Map(),
    highWater: new Map([[0, 60]]),
    summaries: [],
  });
});

test('the committed offset is the first that an open window needs, with what had been seen before it', () => {
  const set = setOf([1, 5], [3, 6], [2, 7], [3, 8]);
  set.windows.delete(1000);
  const checkpoint = makeCheckpoint(set, 9, 1000);
  assert.deepEqual([checkpoint.offset, checkpoint.readUpTo], [6, 9]);
  assert.deepEqual(
    checkpoint.open,
    new Map([
      [3000, 6],
      [2000, 7],
    ]),
  );
  assert.deepEqual(checkpoint.highWater, new Map([[0, 50]]));
});

test('the metadata gives the checkpoint back, also before the first window closed', () => {
  const checkpoint: Checkpoint = {
    offset: 123_456_789_012,
    readUpTo: 123_456_789_999,
    windowMs: 60_000,
    closedUpToMs: 1_767_225_600_000,
    open: new Map([
      [1_767_225_600_000, 123_456_789_012],
      [-60_000, 123_456_789_500],
    ]),
    evictions: new Map([
      [
        1_767_225_600_000,
        [
          { offset: 123_456_789_100, upTo: 1 },
          { offset: 123_456_789_200, upTo: 255 },
        ],
      ],
    ]),
    highWater: new Map([
      [0, 5],
      [31, 9_007_199_254_740_991],
    ]),
    summaries: [],
  };
  assert.deepEqual(decodeCheckpoint('123456789012', encodeCheckpoint(checkpoint)), checkpoint);
  const early = { ...checkpoint, closedUpToMs: -Infinity, open: new Map(), evictions: new Map(), highWater: new Map() };
  assert.deepEqual(decodeCheckpoint('123456789012', encodeCheckpoint(early)), early);
});

test('metadata of an ordinary configuration is far below what Kafka takes', () => {
  const open = new Map(Array.from({ length: 20 }, (_, index) => [1_767_225_600_000 + index * 60_000, 123_456_789_012]));
  const highWater = new Map(Array.from({ length: 64 }, (_, partition) => [partition, 123_456_789_012]));
  const metadata = encodeCheckpoint({
    offset: 0,
    readUpTo: 123_456_789_012,
    windowMs: 60_000,
    closedUpToMs: 1_767_225_600_000,
    open,
    evictions: new Map(),
    highWater,
    summaries: [],
  });
  assert.ok(metadata.length < 2048, `${metadata.length} bytes; offset.metadata.max.bytes is 4096`);
});

test('at its bounds the metadata still fits into the 4096 bytes that Kafka takes', () => {
  const startMs = 1_800_000_000_000;
  const farOffset = 10 ** 11;
  const open = new Map(Array.from({ length: OPEN_WINDOWS_MAX }, (_, index) => [startMs + index * 60_000, farOffset]));
  const highWater = new Map(Array.from({ length: RAW_PARTITIONS_MAX }, (_, partition) => [partition, farOffset]));
  // Each in a window of its own takes most.
  const evictions = new Map(
    Array.from({ length: EVICTIONS_MAX }, (_, index) => [
      startMs + index * 60_000,
      [{ offset: farOffset, upTo: UP_TO_MAX }],
    ]),
  );
  const end = { offset: farOffset, readUpTo: farOffset, windowMs: 3_600_000, closedUpToMs: startMs };
  const text = encodeCheckpoint({ ...end, open, evictions, highWater, summaries: [] });
  assert.ok(text.length < 4096, `${text.length} bytes`);
});

const keySets = Array.from({ length: KEY_SETS_MAX }, (_, index) =>
  makeKeySet({
    name: 'x'.repeat(31) + index,
    windowMs: 3_600_000,
    key: [...keyFields],
    prefixV4: 24,
    prefixV6: 128,
  }),
);

test('also with as many key sets as there may be', () => {
  const startMs = 1_800_000_000_000;
  const farOffset = 10 ** 11;
  const highWater = new Map(Array.from({ length: RAW_PARTITIONS_MAX }, (_, partition) => [partition, farOffset]));
  const end = { offset: farOffset, readUpTo: farOffset, windowMs: 3_600_000, closedUpToMs: startMs };
  // Windows and evictions as they come: all in one set, or some in each.
  for (const sets of [0, 3, KEY_SETS_MAX]) {
    const all = Array.from({ length: OPEN_WINDOWS_MAX }, (_, index) => ({
      of: index % (sets + 1),
      start: startMs + index,
    }));
    const windows = (of: number) => {
      const mine = all.filter((each) => each.of === of);
      const evicted = all.slice(0, EVICTIONS_MAX).filter((each) => each.of === of);
      return {
        closedUpToMs: startMs,
        open: new Map(mine.map(({ start }) => [start, farOffset])),
        evictions: new Map(evicted.map(({ start }) => [start, [{ offset: farOffset, upTo: UP_TO_MAX }]])),
      };
    };
    const summaries = keySets.map((keySet, index) => ({ keySet, ...windows(index + 1) }));
    const checkpoint = { ...end, ...windows(0), highWater, summaries };
    const text = encodeCheckpoint(checkpoint);
    assert.ok(text.length < 4096, `${text.length} bytes`);
    assert.deepEqual(decodeCheckpoint(String(farOffset), text), checkpoint);
    const [known] = decodeCheckpoint(String(farOffset), text, [keySets[0] as KeySet]).summaries;
    assert.equal(known?.keySet, keySets[0], 'what the configuration has is the same object');
  }
});

test('of an older version is not known how long windows were', () => {
  const older = decodeCheckpoint('5', '{"v":1,"r":6,"c":null,"w":[[1000,5]],"h":[[0,3]]}');
  assert.deepEqual([older.windowMs, older.open, older.highWater], [undefined, new Map([[1000, 5]]), new Map([[0, 3]])]);
});

test('metadata of another version stops the partition: better than to count twice', () => {
  assert.throws(() => decodeCheckpoint('5', '{"v":4,"r":5,"c":null,"w":[],"h":[]}'), /version 4/);
  assert.throws(() => decodeCheckpoint('5', 'something else'), SyntaxError);
});

test('of what had been read before, an open window wants its own offsets, an emitted one nothing', () => {
  const checkpoint = makeCheckpoint(setOf([1, 5], [2, 7]), 9, 1000);
  const wanted = (startMs: number) => [4, 5, 6, 7, 8, 9, 10].filter((offset) => isWanted(checkpoint, offset, startMs));
  assert.deepEqual(wanted(1000), [5, 6, 7, 8, 9, 10]);
  assert.deepEqual(wanted(2000), [7, 8, 9, 10]);
  assert.deepEqual(wanted(0), [9, 10]);
  assert.equal(isWanted(undefined, 0, 0), true);
});

const LATENESS_MS = 2000;

/** Reads the log as processor.ts does, but is killed now and then: of a run only what its last commit holds remains. */
function aggregateWithCrashes(random: Random, { entries }: SimulatedLog): Flow[] {
  const emitted: Flow[] = [];
  let committed: { offset: string; metadata: string } | undefined;
  let crashes = random.below(20);
  let nowMs = 0;
  const crashed = () => crashes > 0 && random.chance(15) && crashes-- > 0;

  function live(): 'crashed' | 'done' {
    const checkpoint = committed && decodeCheckpoint(committed.offset, committed.metadata);
    const set = createWindowSet(new Map(checkpoint?.highWater));
    set.closedUpToMs = checkpoint?.closedUpToMs ?? -Infinity;
    const position = checkpoint?.offset ?? 0;
    let nextOffset = position;
    /** @returns whether it survived */
    function emitDue(watermarkMs: number): boolean {
      if (checkpoint && nextOffset < checkpoint.readUpTo) return true;
      const due = dueWindows(set, watermarkMs);
      if (due.length === 0) return true;
      for (const window of due) set.windows.delete(window.startMs);
      for (const window of due) set.closedUpToMs = Math.max(set.closedUpToMs, window.startMs + WINDOW_MS);
      if (crashed()) return false; // the transaction is aborted
      const next = makeCheckpoint(set, nextOffset, WINDOW_MS);
      assert.ok(next.offset >= position && next.offset <= next.readUpTo, 'the committed offset goes forward');
      committed = { offset: String(next.offset), metadata: encodeCheckpoint(next) };
      emitted.push(...flowsIn(due));
      return true;
    }
    for (const { offset, batch: decoded, message, writtenMs } of entries) {
      if (offset < position) continue;
      nowMs = Math.max(nowMs, writtenMs);
      if (decoded) addBatch(set, message, offset, WINDOW_MS, (startMs) => isWanted(checkpoint, offset, startMs));
      nextOffset = offset + 1;
      if (crashed()) return 'crashed';
      const idle = random.chance(20);
      if (random.chance(40) && !emitDue((idle ? nowMs : Math.min(set.newestMs, nowMs)) - LATENESS_MS)) return 'crashed';
    }
    if (crashed() || !emitDue(Infinity) || crashed()) return 'crashed';
    return 'done';
  }

  while (live() === 'crashed');
  return emitted;
}

test('simulation: however often the worker is killed, every sample is in the emitted flows exactly once', () => {
  for (let seed = 1; seed <= 1000; seed++) {
    const random = seededRandom(seed);
    const log = simulateLog(random);
    const emitted = aggregateWithCrashes(random, log);
    assert.deepEqual(sumFlows(emitted), log.expected, `seed ${seed}`);
    const first = emitted.filter(({ late }) => !late);
    assert.equal(sumFlows(first).size, first.length, `seed ${seed}: a window was emitted twice and not marked late`);
  }
});
