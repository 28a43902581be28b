// Dropped packets through a real Kafka, read by another client than ours.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startKafka } from '@tcxflow/embedded/kafka.ts';
import { recordingLog } from '@tcxflow/embedded/testing/engines.ts';
import { ip } from '@tcxflow/lab/netns.ts';
import { dropBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { openPacketSocket } from 'libbpf-ts/packet-socket.ts';
import { makeLinkPair, plainFrame } from '../support/link-pair.ts';
import { needsRoot } from '../support/require-root.ts';
import { makeDataDir, tcxflow } from '../support/up.ts';

const skip = needsRoot();

test('what the kernel drops in a namespace is in tcxflow.drops.v1, with totals that add up', { skip }, async (t) => {
  const folder = makeDataDir(t);
  const kafka = await startKafka({ dataDir: folder, log: recordingLog(), port: 0 });
  t.after(() => kafka.stop());
  const { near, far } = await makeLinkPair(t);
  await ip('-n', near, 'address', 'add', '192.0.2.1/24', 'dev', 'eth0');
  const config = join(folder, 'drops.yaml');
  writeFileSync(
    config,
    `kafka: {brokers: ['${kafka.brokers[0]}']}\n` +
      `capture: {spool_bytes: 0, interfaces: [{match: none}], drops: {max_per_second: 1000}}\n`,
  );
  const capture = spawn(process.execPath, [tcxflow, 'capture', '--config', config]);
  t.after(() => capture.kill('SIGKILL'));
  let log = '';
  capture.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  for (let attempt = 0; !log.includes('"msg":"ready"'); attempt++) {
    assert.ok(attempt < 200 && capture.exitCode === null, log);
    await sleep(100);
  }
  const frame = plainFrame(100);
  const socket = openPacketSocket('eth0', far);
  for (let sent = 0; sent < 500; ) if (socket.send(frame)) sent++;
  socket.close();
  await sleep(500);
  capture.kill('SIGTERM');
  assert.equal((await once(capture, 'exit'))[0], 0, log);

  const lengthAndValue = ['-e', '-q', '-f', '%R%s'];
  const output = execFileSync('kcat', ['-b', kafka.brokers[0] ?? '', '-C', '-t', topicNames.drops, ...lengthAndValue], {
    maxBuffer: 1 << 28,
  });
  const batches = [];
  for (let at = 0; at < output.length; ) {
    const end = at + 4 + output.readUInt32BE(at);
    batches.push(dropBatchCodec.decode(output.subarray(at + 4, end)));
    at = end;
  }
  batches.sort((a, b) => a.batchSequence - b.batchSequence);
  assert.deepEqual(
    batches.map(({ batchSequence }) => batchSequence),
    batches.map((_, index) => index + 1),
  );
  const { ino } = statSync(`/run/netns/${near}`);
  const named = batches.flatMap(({ drops, reasons }) =>
    drops.map((drop) => ({ ...drop, reason: reasons[drop.reason]?.name })),
  );
  const here = named.filter(({ netns, reason }) => netns === ino && reason === 'NO_SOCKET');
  assert.equal(here.length, 500);
  assert.ok(here.every(({ header }) => header.equals(frame.subarray(0, 128))));
  // The last batch has the state of every reason: what was chosen has arrived, or is counted as lost.
  for (const { name, buffers, selected, overBound, ringFull } of batches.at(-1)?.reasons ?? []) {
    const arrived = named.filter(({ reason }) => reason === name).length;
    assert.deepEqual(
      { name, selected, lost: overBound + ringFull },
      { name, selected: buffers, lost: buffers - arrived },
    );
  }
});
