import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import type { LedgerEntry } from '@tcxflow/schemas/generated.ts';
import { ledgerEntryCodec } from '@tcxflow/schemas/topics.ts';
import { createCaptureLedger } from './ledger.ts';
import { createPublisherMetrics } from './metrics.ts';

test('what was given up is told once by its cause, and what waits on disk until it waits no more', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: 1_767_225_601_000 });
  const metrics = createPublisherMetrics(createMetrics('capture'), { queueBytes: 1, spoolBytes: 1 });
  const entries: LedgerEntry[] = [];
  const ledger = createCaptureLedger({
    identity: { agent: 'a', bootId: Buffer.alloc(16, 3) },
    intervalMs: 1000,
    metrics,
    emit: (message) => entries.push(ledgerEntryCodec.decode(message)),
    log: quietLog,
  });
  await ledger.start();
  const pass = async () => {
    t.mock.timers.tick(1000);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    return entries.splice(0);
  };
  assert.deepEqual(await pass(), [], 'nothing to tell');
  metrics.givenUp.inc({ cause: 'spool_full' }, 7);
  metrics.spoolSamples.set(40);
  const [first] = await pass();
  assert.partialDeepStrictEqual(first, {
    ...{ stage: 'capture', agent: 'a', minute: 1_767_225_600_000, sinceMs: 1_767_225_603_000, in: 0, out: 0 },
    ...{ waiting: 40, lost: [{ cause: 'spool_full', samples: 7 }], sourcePartition: 0, sourceOffset: 1 },
  });
  metrics.givenUp.inc({ cause: 'spool_full' }, 2);
  metrics.givenUp.inc({ cause: 'disk_error' }, 1);
  assert.partialDeepStrictEqual(await pass(), [
    {
      sourceOffset: 2,
      lost: [
        { cause: 'spool_full', samples: 2 },
        { cause: 'disk_error', samples: 1 },
      ],
    },
  ]);
  metrics.spoolSamples.set(0);
  assert.partialDeepStrictEqual(await pass(), [{ sourceOffset: 3, waiting: 0, lost: [] }]);
  assert.deepEqual(await pass(), []);
  await ledger.stop(AbortSignal.abort());
});
