// The 95 % intervals have the truth in 93 to 97 % of the trials, whichever table is asked. `npm run test:simulator` shows how that
// depends on the number of samples.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skipWithout } from '@tcxflow/embedded/testing/engines.ts';
import { measureCoverage } from '../simulator/coverage.ts';
import { useStore } from '../support/store.ts';

const DAY_MS = 86_400_000;

test('the intervals of the flows and of each rollup have the truth in 93 to 97 % of 2,000 trials', {
  ...skipWithout('clickhouse'),
  timeout: 120_000,
}, async (t) => {
  const store = await useStore(t);
  const beginMs = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS;
  const rows = await measureCoverage(store, { trials: 2000, samples: 400, seed: 7, beginMs });
  assert.equal(rows.length, 21);
  for (const { shape, table, bytes, packets } of rows)
    for (const [measure, share] of Object.entries({ bytes, packets }))
      assert.ok(share >= 0.93 && share <= 0.97, `${measure} of ${shape} in ${table}: ${share}`);
});
