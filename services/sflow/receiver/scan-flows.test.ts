// The short way through a datagram against the long one: where it answers at all, both find the same.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { decodeDatagram } from '../codec/decode-datagram.ts';
import { sentStream } from '../codec/testing/stream.ts';
import { openPcap } from '../dump/pcap-payloads.ts';
import { createDatagramView, scanFlows } from './scan-flows.ts';
import { CAPTURES, withCaptures } from './testing/receiver.ts';

const view = createDatagramView();
/** Something is before and behind the datagram, as in a slab. */
const BEFORE = 16;

/** @returns whether the short way answered */
function agree(datagram: Buffer): boolean {
  const bytes = Buffer.concat([Buffer.alloc(BEFORE, 0xff), datagram, Buffer.alloc(64)]);
  const end = BEFORE + datagram.length;
  if (!scanFlows(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), BEFORE, end, view)) return false;
  const decoded = decodeDatagram(datagram);
  assert.ok(decoded.ok);
  const { agentAddress, subAgentId, sequence, uptimeMs, samples } = decoded;
  assert.deepEqual([view.sequence, view.uptimeMs, view.count], [sequence, uptimeMs, samples.length]);
  assert.deepEqual(
    agentAddress.subarray(view.addressAt - view.subAgentAt),
    bytes.subarray(view.addressAt, view.subAgentAt),
  );
  assert.equal(bytes.readUInt32BE(view.subAgentAt), subAgentId);
  samples.forEach((sample, index) => {
    assert.ok(sample.kind === 'flow');
    const { kind: _kind, expanded: _expanded, records, ...fields } = sample;
    const sampled = records.find((record) => record.kind === 'sampled_header');
    assert.ok(sampled);
    const { headerAt, headerBytes, ...rest } = view.flows[index]!;
    const { protocol, frameLength, stripped } = sampled;
    assert.deepEqual(rest, { ...fields, protocol, frameLength, stripped });
    assert.deepEqual(bytes.subarray(headerAt, headerAt + headerBytes), sampled.header);
  });
  return true;
}

const flowsOnly = () =>
  sentStream(false)
    .filter(({ counters }) => counters.length === 0)
    .map(({ bytes }) => bytes);

test('datagrams of flow samples with headers go the short way, others do not', () => {
  for (const { bytes, counters } of sentStream(true)) assert.equal(agree(bytes), counters.length === 0);
});

test('captured datagrams and all their prefixes', withCaptures, () => {
  let short = 0;
  for (const file of readdirSync(CAPTURES)) {
    const bytes = readFileSync(join(CAPTURES, file));
    for (const { payload } of openPcap(bytes) ?? [{ payload: bytes }]) {
      if (agree(payload)) short++;
      for (let end = 0; end < payload.length; end += 3) agree(payload.subarray(0, end));
    }
  }
  assert.ok(short > 30, `${short}`);
});

test('every word of a datagram changed to what a reader may stumble over', () => {
  const [bytes] = flowsOnly() as [Buffer];
  let short = 0;
  for (let at = 0; at + 4 <= bytes.length; at += 4)
    for (const value of [0, 1, 2, 3, 7, 8, 15, 16, 17, 0x7fffffff, 0x80000000, 0xffffffff, bytes.length]) {
      const changed = Buffer.from(bytes);
      changed.writeUInt32BE(value, at);
      if (agree(changed)) short++;
    }
  assert.ok(short > 1000, `${short}`);
});

test('datagrams with several bytes changed at random', () => {
  const random = seededRandom(20_261_125);
  const sent = flowsOnly();
  for (let round = 0; round < 20_000; round++) {
    const changed = Buffer.from(sent[random.below(sent.length)]!);
    for (let i = random.below(4); i >= 0; i--) changed[random.below(Math.min(200, changed.length))] = random.below(256);
    agree(changed.subarray(0, changed.length - random.below(2) * random.below(40)));
  }
});
