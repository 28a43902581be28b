// Interfaces that are renamed, moved, deleted and made anew while packets pass: no sample is lost and none comes twice.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ip } from '@tcxflow/lab/netns.ts';
import { openPacketSocket, type PacketSocket } from 'libbpf-ts/packet-socket.ts';
import { findLink, type LinkPair, makeLinkPair, plainFrame } from '../support/link-pair.ts';
import { needsRoot } from '../support/require-root.ts';
import { until } from '../support/until.ts';
import { type Watched, watchNamespace } from '../support/watch-namespace.ts';

const skip = needsRoot();
const INDEX = 77;
const BURST = 20;
const SOON_MS = 700;

async function addPair({ near, far }: LinkPair): Promise<void> {
  const index = ['index', String(INDEX)];
  await ip('-n', near, 'link', 'add', 'eth1', ...index, 'type', 'veth', 'peer', 'name', 'eth1', 'netns', far);
  for (const netns of [near, far]) await ip('-n', netns, 'link', 'set', 'eth1', 'up');
}

/** Sends into eth1 from the far side until the test ends, whatever becomes of the interface. */
function keepSending(t: TestContext, far: string): void {
  const frame = plainFrame(60);
  let socket: PacketSocket | undefined;
  const timer = setInterval(() => {
    try {
      socket ??= openPacketSocket('eth1', far);
      for (let sent = 0; sent < BURST; sent++) socket.send(frame);
    } catch {
      // It is gone this moment, or down.
      socket?.close();
      socket = undefined;
    }
  }, 2);
  t.after(() => {
    clearInterval(timer);
    socket?.close();
  });
}

/** Everything chosen was received, in one unbroken row of numbers. @returns how many */
async function unbroken(watched: Watched, ifIndex: number): Promise<number> {
  const sequences = [...((await watched.sequences()).get(ifIndex) ?? [])].sort((a, b) => a - b);
  assert.deepEqual(
    sequences,
    Array.from(sequences, (_, index) => index + 1),
  );
  return sequences.length;
}

function lastState(watched: Watched): { selected: number; packets: number; ringFull: number } | undefined {
  const states = watched.points.all().map((point) => point.read());
  return states.find((state) => state.ifIndex === INDEX && state.direction === 'ingress');
}

const untilSampled = (watched: Watched, count: number) =>
  until(`${count} samples`, () => (lastState(watched)?.selected ?? 0) > count);

async function begin(t: TestContext): Promise<{ pair: LinkPair; watched: Watched }> {
  const pair = await makeLinkPair(t);
  await addPair(pair);
  const watched = await watchNamespace(t, pair.near, { match: '*1' });
  keepSending(t, pair.far);
  await untilSampled(watched, 1000);
  return { pair, watched };
}

test('a rename under traffic', { skip }, async (t) => {
  const { pair, watched } = await begin(t);
  await ip('-n', pair.near, 'link', 'set', 'eth1', 'name', 'uplink1');
  const isRenamed = () => watched.namespace.sampled().some(({ link }) => link.name === 'uplink1');
  await until('the new name is known', isRenamed);
  await untilSampled(watched, lastState(watched)?.selected ?? 0);
  const entry = watched.namespace.sampled().find(({ link }) => link.name === 'uplink1');
  assert.ok(entry);
  await watched.namespace.detach();
  const count = await unbroken(watched, INDEX);
  const { selected, packets, ringFull } = entry.attachment.counters('ingress');
  assert.deepEqual([count, packets, ringFull], [selected, selected, 0]);
  assert.ok(count > 1000, `${count} samples`);
});

test('a move to another namespace under traffic', { skip }, async (t) => {
  const { pair, watched } = await begin(t);
  const other = await makeLinkPair(t);
  await ip('-n', pair.near, 'link', 'set', 'eth1', 'netns', other.near);
  await ip('-n', other.near, 'link', 'set', 'eth1', 'up');
  await until('it is let go of', () => watched.namespace.sampled().length === 0);
  await watched.namespace.settled();
  const last = lastState(watched);
  const count = await unbroken(watched, INDEX);
  assert.deepEqual([last?.selected, last?.packets, last?.ringFull], [count, count, 0]);
  assert.ok(count > 1000, `${count} samples`);
});

test('deleting and making anew under traffic, with the same index, again and again', { skip }, async (t) => {
  const { pair, watched } = await begin(t);
  const device: number[] = [];
  for (let round = 0; round < 3; round++) {
    device.push(findLink(pair.near, 'eth1').stats.rxPackets);
    await ip('-n', pair.near, 'link', 'delete', 'eth1');
    await addPair(pair);
    await sleep(SOON_MS);
  }
  await watched.namespace.settled();
  // The last one is sampled, too.
  await untilSampled(watched, lastState(watched)?.selected ?? 0);
  await watched.namespace.detach();
  const count = await unbroken(watched, INDEX);
  const last = lastState(watched);
  assert.deepEqual([last?.selected, last?.packets, last?.ringFull], [count, count, 0]);
  // What passed before it was attached to is not sampled; all that was sampled did pass.
  assert.ok(count > (device[0] ?? 0), `${count} samples, the devices had ${device.join(', ')} and more`);
});
