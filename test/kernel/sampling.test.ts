// The sampler against the number of frames that were really sent.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  type Attachment,
  type Capture,
  type CaptureOptions,
  listPrograms,
  openCapture,
  type SamplingOptions,
} from 'libbpf-ts/capture.ts';
import { openPacketSocket } from 'libbpf-ts/packet-socket.ts';
import { FLAG_VLAN, forEachRecord, Record, readU64 } from 'libbpf-ts/record.ts';
import { type LinkPair, makeLinkPair, plainFrame } from '../support/link-pair.ts';
import { needsRoot } from '../support/require-root.ts';

const skip = needsRoot();
const everything: SamplingOptions = { rate: 1, headerBytes: 128, directions: ['ingress', 'egress'] };

interface Received {
  sequence: number;
  count: number;
  direction: number;
  wireBytes: number;
  segments: number;
  flags: number;
  vlanTci: number;
  vlanTpid: number;
  header: Buffer;
}

function openOn(test: TestContext, pair: LinkPair, options: Partial<CaptureOptions> = {}) {
  const received: Received[] = [];
  const capture: Capture = openCapture({
    netns: pair.near,
    onBatch: (batch) =>
      forEachRecord(batch, (at) => {
        const headerBytes = batch.readUInt16LE(at + Record.HEADER_BYTES);
        received.push({
          sequence: readU64(batch, at + Record.SEQUENCE),
          count: batch.readUInt32LE(at + Record.SAMPLE_COUNT),
          direction: batch.readUInt8(at + Record.DIRECTION),
          wireBytes: batch.readUInt32LE(at + Record.WIRE_BYTES),
          segments: batch.readUInt32LE(at + Record.SEGMENTS),
          flags: batch.readUInt8(at + Record.FLAGS),
          vlanTci: batch.readUInt16LE(at + Record.VLAN_TCI),
          vlanTpid: batch.readUInt16LE(at + Record.VLAN_TPID),
          header: Buffer.from(batch.subarray(at + Record.HEADER, at + Record.HEADER + headerBytes)),
        });
      }),
    ...options,
  });
  test.after(() => capture.close());
  return { capture, received };
}

/** Sends out of a side's eth0, waiting while its queue is full. */
function send(netns: string, frame: Buffer, count: number): void {
  const socket = openPacketSocket('eth0', netns);
  for (let sent = 0; sent < count; ) if (socket.send(frame)) sent++;
  socket.close();
}

function attach(capture: Capture, pair: LinkPair, options: Partial<SamplingOptions> = {}): Attachment {
  return capture.attach(pair.link.ifIndex, { ...everything, ...options });
}

/** Sends in both directions at 1:rate. @returns per direction whether what was selected lies in its 99.9 % interval */
async function sampleBothWays(t: TestContext, rate: number): Promise<boolean[]> {
  const pair = await makeLinkPair(t);
  const { capture, received } = openOn(t, pair);
  const attachment = attach(capture, pair, { rate });
  const frame = plainFrame(100);
  const sent = 60_000;
  send(pair.far, frame, sent);
  send(pair.near, frame, sent);
  await capture.flush();
  return (['ingress', 'egress'] as const).map((direction, index) => {
    const counters = attachment.counters(direction);
    assert.equal(counters.packets, sent, `${direction} pool`);
    assert.equal(counters.bytes, sent * frame.length, `${direction} bytes`);
    const samples = received.filter((entry) => entry.direction === index);
    assert.equal(samples.length, counters.selected - counters.ringFull, `${direction} received`);
    const sequences = samples.map((entry) => entry.sequence);
    assert.equal(new Set(sequences).size, sequences.length, 'no sequence twice');
    assert.ok(Math.max(...sequences) <= counters.selected);
    const expected = sent / rate;
    const margin = 3.291 * Math.sqrt(expected * (1 - 1 / rate));
    t.diagnostic(`${direction}: ${counters.selected} of ${sent} at 1:${rate}, expected ${expected} ± ${margin}`);
    return Math.abs(counters.selected - expected) <= margin;
  });
}

for (const rate of [1, 10, 100])
  test(`at 1:${rate} both directions stay within their 99.9 % interval and the pool is exact`, { skip }, async (t) => {
    const first = await sampleBothWays(t, rate);
    // One right sampler in a thousand misses; a wrong one misses again.
    const inside = first.every(Boolean) ? first : await sampleBothWays(t, rate);
    assert.deepEqual(inside, [true, true]);
  });

test('a tiny ring loses samples but not the count: selected = received + ring full', { skip }, async (t) => {
  const pair = await makeLinkPair(t);
  const { capture, received } = openOn(t, pair, { ringBytes: 4096 });
  const attachment = attach(capture, pair);
  capture.setPaused(true);
  send(pair.far, plainFrame(100), 5000);
  capture.setPaused(false);
  await capture.flush();
  send(pair.far, plainFrame(100), 10);
  await capture.flush();
  const counters = attachment.counters('ingress');
  assert.equal(counters.selected, 5010);
  assert.ok(counters.ringFull > 4000, `ring full ${counters.ringFull}`);
  assert.equal(counters.selected, received.length + counters.ringFull);
  assert.equal(received.at(-1)?.sequence, 5010, 'the gap shows in the sequence');
});

test('a tagged packet keeps its tag: from metadata on ingress, from the bytes on egress', { skip }, async (t) => {
  const pair = await makeLinkPair(t);
  const { capture, received } = openOn(t, pair);
  const attachment = attach(capture, pair);
  const frame = plainFrame(60, [{ tpid: 0x8100, vlanId: 100, priority: 5 }]);
  send(pair.far, frame, 1);
  send(pair.near, frame, 1);
  await capture.flush();
  const incoming = received.find((entry) => entry.direction === 0);
  const outgoing = received.find((entry) => entry.direction === 1);
  assert.equal(incoming?.wireBytes, frame.length);
  assert.equal(incoming?.flags, FLAG_VLAN);
  assert.equal(incoming?.vlanTci, (5 << 13) | 100);
  assert.equal(incoming?.vlanTpid, 0x8100);
  assert.equal(outgoing?.wireBytes, frame.length);
  assert.deepEqual(outgoing?.header, frame.subarray(0, 128));
  assert.equal(attachment.counters('ingress').bytes, frame.length);
});

test('a double tag keeps both', { skip }, async (t) => {
  const pair = await makeLinkPair(t);
  const { capture, received } = openOn(t, pair);
  attach(capture, pair);
  const frame = plainFrame(60, [
    { tpid: 0x88a8, vlanId: 200 },
    { tpid: 0x8100, vlanId: 300 },
  ]);
  send(pair.far, frame, 1);
  await capture.flush();
  assert.equal(received[0]?.vlanTpid, 0x88a8);
  assert.equal(received[0]?.vlanTci, 200);
  assert.equal(received[0]?.header.readUInt16BE(12), 0x8100, 'the inner tag stays in the bytes');
  assert.equal(received[0]?.wireBytes, frame.length);
});

for (const [headerBytes, frameBytes, expected] of [
  [64, 1000, 64],
  [128, 1000, 128],
  [256, 1000, 256],
  [100, 1000, 100],
  [256, 60, 60],
] as const)
  test(`${headerBytes} header bytes of a ${frameBytes}-byte frame arrive as its first ${expected}`, {
    skip,
  }, async (t) => {
    const pair = await makeLinkPair(t);
    const { capture, received } = openOn(t, pair);
    attach(capture, pair, { headerBytes });
    const frame = plainFrame(frameBytes - 42);
    for (let index = 42; index < frame.length; index++) frame[index] = index & 0xff;
    send(pair.far, frame, 3);
    await capture.flush();
    assert.equal(received.length, 3);
    for (const entry of received) assert.deepEqual(entry.header, frame.subarray(0, expected));
  });

test('the rate changes while packets pass, without a new attachment', { skip }, async (t) => {
  const pair = await makeLinkPair(t);
  const { capture } = openOn(t, pair);
  const attachment = attach(capture, pair, { rate: 1000 });
  attachment.configure({ ...everything, rate: 1 });
  send(pair.far, plainFrame(100), 500);
  await capture.flush();
  assert.equal(attachment.counters('ingress').selected, 500);
});

test('only the directions asked for are sampled', { skip }, async (t) => {
  const pair = await makeLinkPair(t);
  const { capture } = openOn(t, pair);
  const attachment = attach(capture, pair, { directions: ['egress'] });
  send(pair.far, plainFrame(100), 20);
  send(pair.near, plainFrame(100), 30);
  await capture.flush();
  assert.equal(attachment.counters('ingress').packets, 0);
  assert.equal(attachment.counters('egress').selected, 30);
});

test('after detach nothing is counted any more', { skip }, async (t) => {
  const pair = await makeLinkPair(t);
  const { capture } = openOn(t, pair);
  const attachment = attach(capture, pair);
  send(pair.far, plainFrame(100), 5);
  attachment.detach();
  send(pair.far, plainFrame(100), 5);
  await capture.flush();
  assert.equal(attachment.counters('ingress').packets, 5);
});

test('a capture that is closed leaves nothing at the hooks', { skip }, async (t) => {
  const pair = await makeLinkPair(t);
  const { capture } = openOn(t, pair);
  attach(capture, pair);
  assert.equal(listPrograms(pair.link.ifIndex, 'egress', pair.near).length, 1);
  capture.close();
  assert.deepEqual(listPrograms(pair.link.ifIndex, 'egress', pair.near), []);
  assert.deepEqual(listPrograms(pair.link.ifIndex, 'ingress', pair.near), []);
});
