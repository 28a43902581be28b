import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { writeNanoseconds } from './nanoseconds.ts';

/** Zigzag and groups of seven bits, as the Avro specification has them. */
function expected(value: bigint): string {
  let rest = value >= 0n ? value * 2n : -value * 2n - 1n;
  const bytes: number[] = [];
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]).toString('hex');
}

function written(startMs: number, restNs: number): string {
  const bytes = Buffer.alloc(16);
  return bytes.toString('hex', 3, writeNanoseconds(bytes, 3, startMs, restNs));
}

test('every time is written as its nanoseconds are', () => {
  const random = seededRandom(1);
  const starts = [0, 1, 2, 1000, 60_000, 1_767_225_600_000, 9_223_372_036_800, -1, -60_000, -9_223_372_036_800];
  const rests = [0, 1, 63, 64, 2 ** 20 - 1, 2 ** 20, 2 ** 21 - 1, 2 ** 21, 54_000_000, 3_599_999_999_999];
  for (const startMs of starts)
    for (const restNs of rests) {
      const value = BigInt(startMs) * 1_000_000n + BigInt(restNs);
      if (value >= 2n ** 63n) continue;
      assert.equal(written(startMs, restNs), expected(value), `${startMs} ms + ${restNs} ns`);
    }
  for (let round = 0; round < 5000; round++) {
    const startMs = random.below(2 ** 31) * 1000 + random.below(1000);
    const restNs = random.below(2 ** 31) * 1676;
    assert.equal(written(startMs, restNs), expected(BigInt(startMs) * 1_000_000n + BigInt(restNs)));
  }
});

test('times beyond 64 bits lose their upper bits, and stay a long', () => {
  assert.equal(written(9_300_000_000_000, 5), expected(BigInt.asIntN(64, 9_300_000_000_000_000_005n)));
  assert.equal(written(-9_300_000_000_000, 5), expected(BigInt.asIntN(64, -9_299_999_999_999_999_995n)));
});
