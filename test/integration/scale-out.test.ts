// Workers come and go under a known load. What a second one adds to the rate: npm run test:faults -- --scenario scale-out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skipWithout } from '@tcxflow/embedded/testing/engines.ts';
import { runScaleOut, tooLong } from '../faults/scale-out.ts';

test('partitions move without a pause above 5 s when a worker comes or goes, and above the session timeout when it is killed', {
  ...skipWithout('kafka', 'clickhouse'),
  timeout: 200_000,
}, async (t) => {
  const result = await runScaleOut({ seed: 1, say: (line) => t.diagnostic(line) });
  assert.deepEqual(result.problems, []);
  assert.deepEqual(tooLong(result), []);
});
