import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { bytesOf, CHUNK_ROWS, chunkOf, createRowTable, findOrAdd, wordOf } from './row-table.ts';

test('each key has one row, in the order of their coming, also after the table grew', () => {
  const table = createRowTable(4, 2);
  const random = seededRandom(1);
  const expected = new Map<string, number>();
  const row = new Int32Array(7);
  for (let index = 0; index < 20_000; index++) {
    row.set([random.below(100), random.below(100) - 50, index, 7], 3);
    const key = `${row[3]} ${row[4]}`;
    const known = expected.get(key);
    assert.equal(findOrAdd(table, row, 3), known ?? expected.size);
    if (known === undefined) expected.set(key, expected.size);
  }
  assert.equal(table.count, expected.size);
  for (const [key, number] of expected) {
    const at = wordOf(table, number);
    assert.equal([...chunkOf(table, number).ints.subarray(at, at + 2)].join(' '), key);
  }
});

test('a table of one row is small, one of many has little to spare', () => {
  const table = createRowTable(48, 16);
  const row = new Int32Array(48);
  findOrAdd(table, row, 0);
  assert.ok(bytesOf(table) < 2048, `${bytesOf(table)} bytes`);
  for (row[5] = 0; (row[5] as number) < 40 * CHUNK_ROWS; row[5] = (row[5] as number) + 1) findOrAdd(table, row, 0);
  assert.ok(bytesOf(table) < 40 * CHUNK_ROWS * (192 + 64) + 100_000);
});
