import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countReadable, createMinuteCounter, minuteOf } from './minutes.ts';
import { oldRawBatch } from './testing/old-raw-batch.ts';
import { seededRandom } from './testing/random.ts';

const MINUTE_NS = 60_000_000_000n;

test('samples count in the minute of their own time, whatever the order: as whole numbers have it', () => {
  const random = seededRandom(1);
  for (let round = 0; round < 200; round++) {
    const baseTimeNs =
      1_767_225_600_000_000_000n + BigInt(random.below(180_000)) * 1_000_000n + BigInt(random.below(1000));
    const counter = createMinuteCounter();
    counter.begin(baseTimeNs);
    const expected = new Map<number, number>();
    for (let count = 0; count < 50; count++) {
      const offsetNs = (random.below(200_000) - 50_000) * 1_000_000 + random.below(3) - 1;
      const minute = Number(((baseTimeNs + BigInt(offsetNs)) / MINUTE_NS) * 60_000n);
      counter.add(offsetNs, count);
      if (count > 0) expected.set(minute, (expected.get(minute) ?? 0) + count);
      assert.equal(minuteOf(baseTimeNs, offsetNs), minute);
    }
    assert.deepEqual(new Map([...counter.counts()].sort()), new Map([...expected].sort()));
  }
});

test('the last nanosecond of a minute is in it, the next one is not', () => {
  const counter = createMinuteCounter();
  counter.begin(1_767_225_600_000_000_000n);
  for (const offsetNs of [0, 59_999_999_999, 60_000_000_000, -1]) counter.add(offsetNs, 1);
  assert.deepEqual(
    [...counter.counts()],
    [
      [1_767_225_600_000, 2],
      [1_767_225_660_000, 1],
      [1_767_225_540_000, 1],
    ],
  );
});

test('times that somebody made up are those that a table can hold', () => {
  for (const [baseTimeNs, offsetNs] of [
    [-(2n ** 63n), 0],
    [0n, -(2 ** 52)],
    [2n ** 63n - 1n, 2 ** 52],
  ] as const) {
    const minuteMs = minuteOf(baseTimeNs, offsetNs);
    assert.ok(minuteMs >= 0 && minuteMs / 1000 < 2 ** 32, String(minuteMs));
    const counter = createMinuteCounter();
    counter.begin(baseTimeNs);
    counter.add(offsetNs, 1);
    assert.deepEqual([...counter.counts()], [[minuteMs, 1]]);
  }
});

test('what can be read of a raw batch counts, of an older schema too', () => {
  assert.deepEqual([...(countReadable(oldRawBatch)?.counts ?? [])], [[1_785_000_000_000, 1]]);
  assert.equal(countReadable(oldRawBatch.subarray(0, 40)), undefined);
  assert.equal(countReadable(null), undefined);
});
