// Many interfaces one after the other in few places: containers come and go for months.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ip } from '@tcxflow/lab/netns.ts';
import { type Attachment, type AttachResult, type Capture, openCapture } from 'libbpf-ts/capture.ts';
import { CaptureError } from 'libbpf-ts/errors.ts';
import { openPacketSocket } from 'libbpf-ts/packet-socket.ts';
import { forEachRecord, Record, readU64 } from 'libbpf-ts/record.ts';
import { findLink, type LinkPair, makeLinkPair, plainFrame } from '../support/link-pair.ts';
import { needsRoot } from '../support/require-root.ts';

const skip = needsRoot();
const sampling = { rate: 1, headerBytes: 64, directions: ['ingress', 'egress'] as const };

interface Received {
  ifIndex: number;
  slot: number;
  sequence: number;
}

function open(t: TestContext, netns: string, maxInterfaces: number) {
  const received: Received[] = [];
  const capture = openCapture({
    netns,
    maxInterfaces,
    onBatch: (batch) =>
      forEachRecord(batch, (at) => {
        received.push({
          ifIndex: batch.readUInt32LE(at + Record.IFINDEX),
          slot: batch.readUInt32LE(at + Record.SLOT),
          sequence: readU64(batch, at + Record.SEQUENCE),
        });
      }),
  });
  t.after(() => capture.close());
  return { capture, received };
}

function attached(result: AttachResult | undefined): Attachment {
  if (!result || result instanceof CaptureError) throw result ?? new Error('no answer');
  return result.attachment;
}

async function addPair({ near, far }: LinkPair, name: string, index?: number): Promise<number> {
  const given = index === undefined ? [] : ['index', String(index)];
  await ip('-n', near, 'link', 'add', name, ...given, 'type', 'veth', 'peer', 'name', name, 'netns', far);
  for (const netns of [near, far]) await ip('-n', netns, 'link', 'set', name, 'up');
  return findLink(near, name).ifIndex;
}

function send(netns: string, name: string, count: number): void {
  const socket = openPacketSocket(name, netns);
  for (let sent = 0; sent < count; ) if (socket.send(plainFrame(60))) sent++;
  socket.close();
}

async function attachOne(capture: Capture, ifIndex: number): Promise<Attachment> {
  return attached((await capture.attachMany([{ ifIndex, sampling }]))[0]);
}

test('generations of interfaces pass through two slots, each with numbers of its own from the first', {
  skip,
}, async (t) => {
  const pair = await makeLinkPair(t);
  const { capture, received } = open(t, pair.near, 2);
  const before: Attachment[] = [];
  for (let generation = 1; generation <= 12; generation++) {
    const ifIndex = await addPair(pair, 'eth1');
    const attachment = await attachOne(capture, ifIndex);
    send(pair.far, 'eth1', generation);
    await capture.flush();
    const own = received.splice(0).filter((entry) => entry.ifIndex === ifIndex);
    assert.deepEqual(
      own.map(({ sequence }) => sequence),
      Array.from({ length: generation }, (_, index) => index + 1),
    );
    assert.ok(own.every(({ slot }) => slot === attachment.slot && slot < 2));
    assert.equal(attachment.counters('ingress').packets, generation);
    await ip('-n', pair.near, 'link', 'delete', 'eth1');
    await capture.detachMany([attachment]);
    before.push(attachment);
  }
  // Who still holds an attachment of long ago reads its last numbers, not those of whoever has its slot now.
  assert.deepEqual(
    before.map((attachment) => attachment.counters('ingress').selected),
    Array.from({ length: 12 }, (_, index) => index + 1),
  );
});

test('records that still wait in the ring are handed over before their slot has a new owner', { skip }, async (t) => {
  const pair = await makeLinkPair(t);
  const { capture, received } = open(t, pair.near, 1);
  const first = await attachOne(capture, pair.link.ifIndex);
  capture.setPaused(true);
  send(pair.far, 'eth0', 40);
  await capture.detachMany([first]);
  assert.equal(received.length, 0, 'they wait');
  const next = await addPair(pair, 'eth1');
  await attachOne(capture, next);
  assert.equal(received.filter(({ ifIndex }) => ifIndex === pair.link.ifIndex).length, 40);
  capture.setPaused(false);
  send(pair.far, 'eth1', 3);
  await capture.flush();
  assert.deepEqual(
    received.slice(40).map(({ ifIndex, sequence }) => [ifIndex, sequence]),
    [1, 2, 3].map((sequence) => [next, sequence]),
  );
});

test('at the same time there are no more than max_interfaces; those that fit are attached', { skip }, async (t) => {
  const pair = await makeLinkPair(t);
  const { capture } = open(t, pair.near, 1);
  const next = await addPair(pair, 'eth1');
  const [one, two, three] = await capture.attachMany(
    [pair.link.ifIndex, next, 9999].map((ifIndex) => ({ ifIndex, sampling })),
  );
  attached(one);
  assert.ok(two instanceof CaptureError && two.code === 'TOO_MANY_INTERFACES');
  assert.ok(three instanceof CaptureError);
  await capture.detachMany([attached(one)]);
  const [gone] = await capture.attachMany([{ ifIndex: 9999, sampling }]);
  assert.ok(gone instanceof CaptureError && gone.code === 'NO_SUCH_INTERFACE');
  await attachOne(capture, next);
});

test('an interface whose slot was given away goes on with the numbers that its caller kept', { skip }, async (t) => {
  const pair = await makeLinkPair(t);
  const { capture, received } = open(t, pair.near, 1);
  const first = await attachOne(capture, pair.link.ifIndex);
  send(pair.far, 'eth0', 5);
  await capture.detachMany([first]);
  const startAt = { ingress: first.counters('ingress'), egress: first.counters('egress') };
  const other = await attachOne(capture, await addPair(pair, 'eth1'));
  await capture.detachMany([other]);
  received.length = 0;
  const again = attached((await capture.attachMany([{ ifIndex: pair.link.ifIndex, sampling, startAt }]))[0]);
  send(pair.far, 'eth0', 2);
  await capture.flush();
  assert.deepEqual(
    received.map(({ sequence }) => sequence),
    [6, 7],
  );
  assert.equal(again.counters('ingress').packets, 7);
});

test('interface indexes above 65535 are sampled', { skip }, async (t) => {
  const pair = await makeLinkPair(t);
  const { capture, received } = open(t, pair.near, 4);
  const ifIndex = await addPair(pair, 'eth1', 3_000_000);
  await attachOne(capture, ifIndex);
  send(pair.far, 'eth1', 6);
  send(pair.far, 'eth0', 6);
  await capture.flush();
  assert.deepEqual(
    received.map((entry) => entry.ifIndex),
    Array(6).fill(ifIndex),
  );
});

test('a flush ends while packets keep coming, and has given out what was there when it began', { skip }, async (t) => {
  const pair = await makeLinkPair(t);
  const { capture, received } = open(t, pair.near, 1);
  await attachOne(capture, pair.link.ifIndex);
  for (let round = 0; round < 50; round++) {
    send(pair.far, 'eth0', 20);
    const flushes = [capture.flush(), capture.flush()];
    send(pair.far, 'eth0', 20);
    await Promise.all(flushes);
    assert.ok(received.length >= round * 40 + 20);
  }
});
