// The capture service and dropped packets: with the right to see them, and without.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSpool } from '@tcxflow/capture/spool/spool.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { ip } from '@tcxflow/lab/netns.ts';
import { dropBatchCodec, sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { openPacketSocket } from 'libbpf-ts/packet-socket.ts';
import { startCaptureService } from '../support/capture-service.ts';
import { makeLinkPair, plainFrame } from '../support/link-pair.ts';
import { needsRoot } from '../support/require-root.ts';

const skip = needsRoot();
const WITHOUT = '-all,+bpf,+net_admin';

/** Runs the service with these rights and no Kafka while 20 packets go to a closed port. @returns what it said and spooled */
async function runService(t: TestContext, capabilities: string, drops = '{}') {
  const { near, far } = await makeLinkPair(t);
  await ip('-n', near, 'link', 'set', 'lo', 'up');
  await ip('-n', near, 'address', 'add', '192.0.2.1/24', 'dev', 'eth0');
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-drops-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'config.yaml');
  const spoolFolder = join(folder, 'spool');
  writeFileSync(
    config,
    `kafka: {brokers: ['127.0.0.1:9']}\nshutdown: {deadline_ms: 3000}\n` +
      `capture: {spool_folder: ${spoolFolder}, interfaces: [{match: eth0, rate: 1, directions: [ingress]}], drops: ${drops}}\n`,
  );
  const service = await startCaptureService(t, { netns: near, config, capabilities });
  const frame = plainFrame(100);
  const socket = openPacketSocket('eth0', far);
  for (let sent = 0; sent < 20; ) if (socket.send(frame)) sent++;
  socket.close();
  await sleep(300);
  await service.stop();
  const options = { maxBytes: 1 << 30, maxAgeMs: 1e9, onLost: () => assert.fail(), log: quietLog };
  const spool = openSpool({ folder: spoolFolder, ...options });
  const messages = spool.peek(1 << 30);
  spool.close();
  const of = (topic: string) => messages.filter((message) => message.topic === topic).map(({ value }) => value);
  return {
    log: service
      .log()
      .split('\n')
      .filter((line) => line.includes('dropped packets')),
    frame,
    netns: statSync(`/run/netns/${near}`).ino,
    samples: of(topicNames.rawSamples).flatMap((value) => sampleBatchCodec.decode(value).samples).length,
    batches: of(topicNames.drops).map((value) => dropBatchCodec.decode(value)),
  };
}

test('without CAP_PERFMON it says so once, with what to do, and samples', { skip }, async (t) => {
  const { log, samples, batches } = await runService(t, WITHOUT);
  assert.equal(log.length, 1);
  assert.partialDeepStrictEqual(JSON.parse(log[0] ?? ''), { level: 40, code: 'NOT_PERMITTED' });
  assert.match(log[0] ?? '', /dropped packets are not looked at: .*CAP_PERFMON.*capture\.drops\.rate: 0/);
  assert.deepEqual({ samples, batches: batches.length }, { samples: 20, batches: 0 });
});

test('at rate 0 nothing is loaded and nothing said', { skip }, async (t) => {
  const { log, samples, batches } = await runService(t, WITHOUT, '{rate: 0}');
  assert.deepEqual({ log, samples, batches }, { log: [], samples: 20, batches: [] });
});

test('with CAP_PERFMON the drops are in its messages, with totals by reason', { skip }, async (t) => {
  const { netns, frame, samples, batches } = await runService(
    t,
    `${WITHOUT},+perfmon`,
    '{max_per_second: 1000}', // more than ours, but no room for a flood of others'
  );
  assert.equal(samples, 20);
  const drops = batches.flatMap((batch) =>
    batch.drops.filter(({ reason, ...drop }) => {
      // On lo there are those of the connections to Kafka, which is not there.
      return drop.netns === netns && drop.ifName === 'eth0' && batch.reasons[reason]?.name === 'NO_SOCKET';
    }),
  );
  assert.equal(drops.length, 20);
  assert.ok(drops.every(({ header }) => header.equals(frame.subarray(0, 128))));
  assert.deepEqual(
    batches.map(({ batchSequence }) => batchSequence),
    batches.map((_, index) => index + 1),
  );
  const last = batches.at(-1)?.reasons.find(({ name }) => name === 'NO_SOCKET');
  assert.ok(last && last.buffers >= 20 && last.selected === last.buffers);
});
