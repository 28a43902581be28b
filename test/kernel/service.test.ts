// The capture service itself, with no more rights than it needs, and no Kafka.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSpool } from '@tcxflow/capture/spool/spool.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { openPacketSocket } from 'libbpf-ts/packet-socket.ts';
import { startCaptureService } from '../support/capture-service.ts';
import { makeLinkPair, plainFrame } from '../support/link-pair.ts';
import { needsRoot } from '../support/require-root.ts';

const skip = needsRoot();
const CAPABILITIES = '-all,+bpf,+net_admin';

test('with CAP_BPF and CAP_NET_ADMIN alone, and without Kafka, it samples, and the samples wait on disk', {
  skip,
}, async (t) => {
  const { near, far } = await makeLinkPair(t);
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-capture-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'config.yaml');
  const spoolFolder = join(folder, 'spool');
  writeFileSync(
    config,
    `kafka: {brokers: ['127.0.0.1:9']}\nshutdown: {deadline_ms: 3000}\n` +
      `capture: {spool_folder: ${spoolFolder}, interfaces: [{match: eth0, rate: 1}]}\n`,
  );
  const service = await startCaptureService(t, { netns: near, config, capabilities: CAPABILITIES });
  const frame = plainFrame(100);
  const socket = openPacketSocket('eth0', far);
  for (let sent = 0; sent < 5000; ) if (socket.send(frame)) sent++;
  socket.close();
  await sleep(500);
  await service.stop();
  const spool = openSpool({
    folder: spoolFolder,
    maxBytes: 1 << 30,
    maxAgeMs: 1e9,
    onLost: () => assert.fail(),
    log: quietLog,
  });
  assert.equal(spool.samples, 5000);
  const batches = spool.peek(1 << 30).filter(({ topic }) => topic === topicNames.rawSamples);
  const sequences = batches.flatMap(({ value }) =>
    sampleBatchCodec.decode(value).samples.map(({ sequence }) => sequence),
  );
  assert.deepEqual(
    sequences.sort((a, b) => a - b),
    Array.from({ length: 5000 }, (_, index) => index + 1),
  );
  spool.close();
});
