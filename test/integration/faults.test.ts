// The short form of `npm run test:faults`: a known load, seeded faults, and nothing lost or doubled after them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skipWithout } from '@tcxflow/embedded/testing/engines.ts';
import { runFaults } from '../faults/run.ts';

/** One that does not kill Kafka in the middle of a commit: docs/explanation/delivery.md, "Not covered". */
const SEED = 2;

test('each sample is counted once through faults of workers, Kafka and ClickHouse', {
  ...skipWithout('kafka', 'clickhouse'),
  timeout: 200_000,
}, async (t) => {
  const result = await runFaults({
    seed: SEED,
    durationMs: 18_000,
    everyMs: 2000,
    hosts: 4,
    samplesMax: 60,
    say: (line) => t.diagnostic(line),
    keepFolder: false,
  });
  assert.deepEqual(result.problems, []);
  assert.ok(result.faults >= 5 && result.samples > 5000, JSON.stringify(result));
});
