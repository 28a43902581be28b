import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBatchTable } from './batch-table.ts';

test('rows are numbered in the order of first use, anew for each batch', () => {
  const table = createBatchTable((number) => `row ${number}`);
  table.start();
  assert.deepEqual([5, 3, 5, 0, 3].map(table.indexOf), [1, 2, 1, 0, 2]);
  assert.deepEqual(table.rows(), ['row 5', 'row 3']);
  table.start();
  assert.deepEqual(table.rows(), []);
  assert.deepEqual([3, 5].map(table.indexOf), [1, 2]);
});

test('numbers far beyond those before are no matter', () => {
  const table = createBatchTable((number) => number);
  table.start();
  assert.deepEqual([400_000, 1, 1023, 1024, 400_000].map(table.indexOf), [1, 2, 3, 4, 1]);
  assert.deepEqual(table.rows(), [400_000, 1, 1023, 1024]);
});
