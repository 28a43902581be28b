import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { createWriterMetrics } from './metrics.ts';
import { createSizeCap } from './size-cap-keeper.ts';

test('a ClickHouse that does not answer is counted, and ends neither the writer nor the looking', async () => {
  const registry = createMetrics('writer');
  let asked = 0;
  const client = {
    query: async () => {
      asked++;
      throw new Error('away');
    },
  } as unknown as ClickHouseClient;
  const cap = createSizeCap({ client, metrics: createWriterMetrics(registry), log: quietLog, maxBytes: 1 });
  await cap.start();
  await sleep(20);
  await cap.stop(AbortSignal.timeout(1000));
  assert.equal(asked, 1);
  assert.match(await registry.registry.metrics(), /tcxflow_writer_cap_failures_total 1\n/);
});
