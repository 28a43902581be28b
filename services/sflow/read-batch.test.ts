import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oldRawBatch } from '@tcxflow/common/testing/old-raw-batch.ts';
import { createBatchReader } from './read-batch.ts';

test('of a batch of an older schema, header bytes are where the samples say', () => {
  const { head, message, samples, count } = createBatchReader()(oldRawBatch);
  assert.equal(count, 1);
  assert.partialDeepStrictEqual(head.sources, [{ ifName: 'eth0', selected: 3, lostOnWay: 0 }]);
  const [{ headerAt, headerBytes }] = samples as [(typeof samples)[0]];
  assert.equal(message.toString('hex', headerAt, headerAt + headerBytes), '6000');
});
