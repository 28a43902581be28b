// Many interfaces at once: the kernel takes its time, and nobody else has to wait for it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import { ipBatch } from '@tcxflow/lab/netns.ts';
import { type Capture, listPrograms, openCapture } from 'libbpf-ts/capture.ts';
import { CaptureError } from 'libbpf-ts/errors.ts';
import { listLinks } from 'libbpf-ts/links.ts';
import { openPacketSocket } from 'libbpf-ts/packet-socket.ts';
import { makeLinkPair, plainFrame } from '../support/link-pair.ts';
import { needsRoot } from '../support/require-root.ts';

const skip = needsRoot();
const sampling = { rate: 1, headerBytes: 64, directions: ['ingress', 'egress'] as const };
const PAIRS = 40;

async function attachAll(capture: Capture, ifIndexes: number[], expedite: boolean) {
  const results = await capture.attachMany(
    ifIndexes.map((ifIndex) => ({ ifIndex, sampling })),
    { expedite },
  );
  return results.map((result) => {
    if (result instanceof CaptureError) throw result;
    return result.attachment;
  });
}

for (const expedite of [false, true])
  test(`while ${2 * PAIRS} interfaces are attached${expedite ? ' and the kernel is hurried' : ''}, the event loop goes on and samples flow`, {
    skip,
  }, async (t) => {
    const { near, far, link } = await makeLinkPair(t);
    const pairs = Array.from({ length: PAIRS }, (_, index) => index);
    await ipBatch(
      near,
      pairs.map((index) => `link add a${index} type veth peer name b${index}`),
    );
    const others = listLinks(near).filter(({ name }) => /^[ab]\d/.test(name));
    const before = readFileSync('/sys/kernel/rcu_expedited', 'utf8');
    let received = 0;
    const capture = openCapture({
      netns: near,
      onBatch: (batch) => {
        received += batch.length;
      },
    });
    t.after(() => capture.close());
    await attachAll(capture, [link.ifIndex], false);
    const socket = openPacketSocket('eth0', far);
    t.after(() => socket.close());
    const loop = monitorEventLoopDelay({ resolution: 1 });
    loop.enable();
    let done = false;
    const attaching = attachAll(
      capture,
      others.map(({ ifIndex }) => ifIndex),
      expedite,
    ).finally(() => {
      done = true;
    });
    let receivedMeanwhile = 0;
    while (!done) {
      socket.send(plainFrame(60));
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (!done) receivedMeanwhile = received;
    }
    loop.disable();
    const attachments = await attaching;
    assert.equal(attachments.length, 2 * PAIRS);
    if (!expedite) assert.ok(receivedMeanwhile > 0, 'samples while the others waited');
    assert.ok(loop.max < 200e6, `the event loop stood for ${loop.max / 1e6} ms`);
    await capture.detachMany(attachments, { expedite });
    assert.deepEqual(listPrograms(others[0]?.ifIndex ?? 0, 'ingress', near), []);
    assert.equal(readFileSync('/sys/kernel/rcu_expedited', 'utf8'), before, 'the switch is as it was');
  });
