import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { sampleBatchCodec } from '@tcxflow/schemas/topics.ts';
import { batchOf } from '../testing/messages.ts';
import { capturedRows } from './captured.ts';

const position = { partition: 1, offset: 7, timestampMs: 1_767_225_601_002 };
const SECOND_NS = 1_000_000_000;

interface Row {
  minute: number;
  samples: number;
  firsts: number[];
  lasts: number[];
}

const rowsOf = (...batch: Parameters<typeof batchOf>) =>
  capturedRows(sampleBatchCodec.encode(batchOf(...batch)), position) as Row[];

test('a row tells whose samples they are, their numbers, the kernel’s counters, and when they were sent', () => {
  assert.deepEqual(
    rowsOf([[5, 2, 3 * SECOND_NS]], { batchSequence: 4 }, { selected: 9, ringFull: 3, copyFailed: 1, lostOnWay: 4 }),
    [
      {
        minute: 1_767_225_600,
        agent: 'host-1',
        bootId: '0102030405060708090a0b0c0d0e0f10',
        batchSequence: 4,
        ifIndex: 2,
        ifName: 'eth0',
        direction: 'ingress',
        samples: 2,
        firsts: [5],
        lasts: [6],
        selected: 9,
        ringFull: 3,
        copyFailed: 1,
        lostOnWay: 4,
        oldest: '2026-01-01 00:00:03.000',
        newest: '2026-01-01 00:00:03.000',
        sentAt: '2026-01-01 00:00:01.002',
        partition: 1,
        offset: 7,
      },
    ],
  );
});

test('numbers are intervals, in whatever order two CPUs handed them over: as a set has it', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed);
    const numbers = new Set<number>();
    const buffers: [number, number][] = [];
    for (let first = 1; first < 200; ) {
      const count = 1 + random.below(3);
      if (!random.chance(10)) {
        buffers.push([first, count]);
        for (let number = first; number < first + count; number++) numbers.add(number);
      }
      first += count;
    }
    for (let index = 1; index < buffers.length; index++)
      if (random.chance(20))
        [buffers[index - 1], buffers[index]] = [
          buffers[index] as [number, number],
          buffers[index - 1] as [number, number],
        ];
    const [row] = rowsOf(buffers) as [Row];
    const told = row.firsts.flatMap((first, index) =>
      Array.from({ length: (row.lasts[index] as number) + 1 - first }, (_, at) => first + at),
    );
    assert.deepEqual(
      told,
      [...numbers].sort((a, b) => a - b),
      `seed ${seed}`,
    );
    assert.equal(row.samples, numbers.size);
    for (let index = 1; index < row.firsts.length; index++)
      assert.ok((row.firsts[index] as number) > (row.lasts[index - 1] as number) + 1, 'none touches another');
  }
});

test('a batch that lies on two minutes is a row for each', () => {
  const rows = rowsOf([
    [1, 1, 59 * SECOND_NS],
    [3, 1, 60 * SECOND_NS],
    [2, 1, 59 * SECOND_NS],
  ]);
  assert.deepEqual(
    rows.map(({ minute, firsts, lasts }) => [minute, firsts, lasts]),
    [
      [1_767_225_600, [1], [2]],
      [1_767_225_660, [3], [3]],
    ],
  );
});

test('a batch without samples is an interval of nothing behind the last number given out', () => {
  assert.partialDeepStrictEqual(rowsOf([], {}, { selected: 40 }), [{ samples: 0, firsts: [41], lasts: [40] }]);
});

test('what somebody made up becomes numbers and times that a table can hold', () => {
  const [row] = rowsOf(
    [
      [-5, 2],
      [7, -1],
      [3, 1, -(2 ** 52)],
    ],
    { baseTimeNs: -1n, batchSequence: -3 },
    { selected: -1, ifIndex: -1 },
  );
  assert.partialDeepStrictEqual(row, {
    ...{ minute: 0, batchSequence: 0, ifIndex: 0, samples: 1, firsts: [3], selected: 0 },
    oldest: '1970-01-01 00:00:00.000',
  });
  const minutes = rowsOf(Array.from({ length: 12_000 }, (_, index) => [index + 1, 1, index * 60 * SECOND_NS] as const));
  assert.equal(minutes.length, 10_000);
  assert.equal(
    minutes.reduce((sum, { samples }) => sum + samples, 0),
    12_000,
    'and none is left out',
  );
});
