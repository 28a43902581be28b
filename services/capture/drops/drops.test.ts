import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { dropBatchCodec } from '@tcxflow/schemas/topics.ts';
import { DropRecord } from 'libbpf-ts/drop-record.ts';
import type { Drops, DropsOptions } from 'libbpf-ts/drops.ts';
import { CaptureError } from 'libbpf-ts/errors.ts';
import { createDropWatch } from './drops.ts';

const config = { rate: 1, maxPerSecond: 100, headerBytes: 128 };

/** The kernel's side: one reason, in slot 3. */
function fakeDrops() {
  const calls: string[] = [];
  let onBatch: DropsOptions['onBatch'] = () => undefined;
  const drops: Drops = {
    counters: () => ({ buffers: 9, packets: 12, local: 1, selected: 8, overBound: 5, ringFull: 2 }),
    slots: () => [3],
    reasonName: () => 'NO_SOCKET',
    missed: () => 6,
    setPaused: (paused) => calls.push(`paused ${paused}`),
    flush: async () => void calls.push('flush'),
    detach: () => void calls.push('detach'),
    close: () => void calls.push('close'),
  };
  const open = (options: DropsOptions) => {
    onBatch = options.onBatch;
    return drops;
  };
  const drop = () => {
    const record = Buffer.alloc(DropRecord.SIZE);
    record.writeUInt32LE(3, DropRecord.REASON);
    onBatch(record);
  };
  return { open, drop, calls };
}

function watchOf(open: (options: DropsOptions) => Drops, settings: Partial<typeof config> = {}) {
  const messages: Buffer[] = [];
  const warnings: string[] = [];
  const metrics = createMetrics('capture');
  const log = Object.assign(Object.create(quietLog), {
    warn: (_fields: object, text: string) => warnings.push(text),
  }) as typeof quietLog;
  const watch = createDropWatch({
    config: { ...config, ...settings },
    identity: { agent: 'host', agentAddress: Buffer.alloc(16), bootId: Buffer.alloc(16) },
    lingerMs: 200,
    stateIntervalMs: 10_000,
    emit: (message) => messages.push(message),
    metrics,
    log,
    open,
  });
  const batches = () => messages.map((message) => dropBatchCodec.decode(message));
  return { watch, batches, warnings, metrics };
}

const stop = AbortSignal.abort();

test('a kernel that refuses is a warning, once, and nothing else', async () => {
  const refuse = () => {
    throw new CaptureError('DROPS_UNSUPPORTED', 'loading the drop program: no', { hint: 'use another kernel' });
  };
  const { watch, warnings, batches, metrics } = watchOf(refuse);
  watch.start();
  watch.setPaused(true);
  assert.deepEqual(warnings, ['dropped packets are not looked at: use another kernel']);
  assert.doesNotMatch(await metrics.registry.metrics(), /drops_total\{/);
  await watch.stop(stop);
  assert.deepEqual(batches(), []);
});

test('a mistake of ours is not taken for a refusal', () => {
  const { watch } = watchOf(() => {
    throw new TypeError('a mistake');
  });
  assert.throws(() => watch.start(), TypeError);
});

test('at rate 0 nothing is opened', () => {
  const { watch } = watchOf(() => assert.fail(), { rate: 0 });
  watch.start();
});

test('a drop goes out after it has waited, the state of all reasons as often as counters', (t: TestContext) => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'] });
  const { open, drop } = fakeDrops();
  const { watch, batches } = watchOf(open);
  watch.start();
  drop();
  t.mock.timers.tick(150);
  assert.equal(batches().length, 0);
  t.mock.timers.tick(100);
  assert.deepEqual(
    batches().map(({ drops }) => drops.length),
    [1],
  );
  t.mock.timers.tick(10_000);
  assert.deepEqual(
    batches().map(({ drops, reasons }) => [drops.length, reasons.length]),
    [
      [1, 1],
      [0, 1],
    ],
  );
});

test('at the end the program goes first, and the last state is the last message', async () => {
  const { open, drop, calls } = fakeDrops();
  const { watch, batches } = watchOf(open);
  watch.setPaused(true); // before it is there
  watch.start();
  drop();
  await watch.quiesce();
  await watch.stop(stop);
  assert.deepEqual(calls, ['paused true', 'detach', 'flush', 'close']);
  assert.deepEqual(
    batches().map(({ drops, missed }) => [drops.length, missed]),
    [[1, 6]],
  );
  await watch.stop(stop);
});

test('metrics are the kernel’s counters by reason, each loss with its cause', async () => {
  const { open } = fakeDrops();
  const { watch, metrics } = watchOf(open);
  watch.start();
  const text = await metrics.registry.metrics();
  for (const line of [
    'tcxflow_capture_drops_total{reason="NO_SOCKET"} 9',
    'tcxflow_capture_selected_drops_total{reason="NO_SOCKET"} 8',
    'tcxflow_capture_local_drops_total{reason="NO_SOCKET"} 1',
    'tcxflow_capture_lost_drops_total{reason="NO_SOCKET",cause="over_bound"} 5',
    'tcxflow_capture_lost_drops_total{reason="NO_SOCKET",cause="ring_full"} 2',
    'tcxflow_capture_missed_drops_total 6',
  ])
    assert.ok(text.includes(line), line);
  await watch.stop(stop);
});
