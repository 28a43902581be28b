import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRawBatch } from '@tcxflow/common/raw-batch.ts';
import { noCounts } from '@tcxflow/common/testing/no-counts.ts';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { formatAddress } from '@tcxflow/packet/address.ts';
import { ethernet, hex, ipv4, ipv6, tcp, udp } from '@tcxflow/packet/testing/frames.ts';
import { SchemaError } from '@tcxflow/schemas/avro.ts';
import type { DecodedBatch, DecodedSample, RawSample, SampleBatch, SourceState } from '@tcxflow/schemas/generated.ts';
import { decodedBatchCodec, sampleBatchCodec } from '@tcxflow/schemas/topics.ts';
import { createMessageDecoder, type DecodeTally } from './decode-message.ts';

const POSITION = { partition: 3, offset: 77 };

function source(fields: Partial<SourceState> = {}): SourceState {
  return { ifIndex: 2, ifName: 'eth0', direction: 'ingress', linkType: 'ethernet', ...noCounts, ...fields };
}

function raw(header: Buffer, fields: Partial<RawSample> = {}): RawSample {
  return {
    source: 0,
    sequence: 1,
    timeOffsetNs: 0,
    samplingRate: 1000,
    sampleCount: 1,
    segments: 1,
    wireBytes: header.length,
    etherType: 0,
    inputIfIndex: 0,
    outputIfIndex: 0,
    header,
    ...fields,
  };
}

function batchOf(samples: RawSample[], sources = [source()]): SampleBatch {
  return {
    agent: 'host-1',
    agentAddress: Buffer.alloc(16, 1),
    bootId: Buffer.alloc(16, 2),
    batchSequence: 5,
    baseTimeNs: 1_700_000_000_123_456_789n,
    clockOffsetNs: 1n,
    clockUncertaintyNs: 0,
    sources,
    samples,
  };
}

const newTally = (): DecodeTally => ({ samples: 0, stops: [0, 0, 0, 0] });

/** As a worker does it; avsc writes what goes in and reads what comes out. @returns output partition → batch */
function decodeBatch(batch: SampleBatch, position: typeof POSITION, partitions: number, tally: DecodeTally) {
  const message = sampleBatchCodec.encode(batch);
  const decoded = createMessageDecoder({ partitions }).decode(message, openRawBatch(message), position, tally);
  return new Map(decoded.map(({ partition, value }) => [partition, decodedBatchCodec.decode(value)]));
}

/** All samples of a batch in one partition. */
function decodeAll(batch: SampleBatch, tally = newTally()): DecodedSample[] {
  return decodeBatch(batch, POSITION, 1, tally).get(0)?.samples ?? [];
}

const tcpFrame = ethernet(0x0800, ipv4(6, tcp(), { tos: 0xb9, ttl: 57 }));

test('what the capture said of a sample and its batch is handed on', () => {
  const fields = { source: 1, sequence: 2 ** 40, timeOffsetNs: -9, samplingRate: 64, sampleCount: 2, segments: 2 };
  const sample = raw(tcpFrame, { ...fields, wireBytes: 3000, inputIfIndex: 7, outputIfIndex: 8 });
  const sources = [source(), source({ ifIndex: 4, ifName: 'eth1', direction: 'egress', packets: 99 })];
  const batch = decodeBatch(batchOf([sample], sources), POSITION, 1, newTally()).get(0) as DecodedBatch;
  assert.deepEqual([batch.sourcePartition, batch.sourceOffset, batch.batchSequence], [3, 77, 5]);
  assert.deepEqual([batch.agent, batch.baseTimeNs], ['host-1', 1_700_000_000_123_456_789n]);
  assert.partialDeepStrictEqual(batch.sources, [
    { ifIndex: 2, ifName: 'eth0', direction: 'ingress' },
    { ifIndex: 4, ifName: 'eth1', direction: 'egress' },
  ]);
  const [decoded] = batch.samples;
  assert.partialDeepStrictEqual(decoded, { ...fields, wireBytes: 3000, inputIfIndex: 7, outputIfIndex: 8 });
  assert.partialDeepStrictEqual(decoded, { protocol: 6, srcPort: 40000, dstPort: 443, dscp: 46, ecn: 1, ttl: 57 });
  assert.partialDeepStrictEqual(decoded, { srcMac: 0x0200000000aa, dstMac: 0x0200000000bb, tcpFlags: 0x18 });
  assert.ok(decodedBatchCodec.type.isValid(batch));
});

test('addresses are copies: the next packet does not overwrite them', () => {
  const samples = decodeAll(batchOf([raw(tcpFrame), raw(ethernet(0x86dd, ipv6(17, udp())))]));
  assert.deepEqual(
    samples.map(({ srcAddress }) => formatAddress(srcAddress)),
    ['192.0.2.1', '2001:db8::1'],
  );
});

/** UDP between two hosts of 198.51.100.0/24, in one direction and the other. */
function conversation(a: number, b: number): [Buffer, Buffer] {
  const there = ethernet(0x0800, ipv4(17, udp()));
  const back = Buffer.from(there);
  there.set([198, 51, 100, a, 198, 51, 100, b], 26);
  back.set([198, 51, 100, b, 198, 51, 100, a], 26);
  back.set(hex('0035 14e9'), 34);
  return [there, back];
}

test('samples spread over the partitions by flow, and both directions of a conversation stay together', () => {
  const frames = Array.from({ length: 200 }, (_, index) => conversation(index, 255 - (index % 7))).flat();
  const outputs = decodeBatch(
    batchOf(frames.map((frame, index) => raw(frame, { sequence: index }))),
    POSITION,
    8,
    newTally(),
  );
  assert.deepEqual([...outputs.keys()].sort(), [0, 1, 2, 3, 4, 5, 6, 7]);
  const partitions = new Map<number, number>();
  for (const [partition, { samples }] of outputs) {
    assert.ok(samples.length > 20 && samples.length < 100, `${samples.length} of 400 in partition ${partition}`);
    for (const { sequence } of samples) partitions.set(sequence, partition);
  }
  assert.equal(partitions.size, 400);
  for (let there = 0; there < 400; there += 2) assert.equal(partitions.get(there), partitions.get(there + 1));
});

test('one decoder serves batch after batch, whichever partitions each of them reaches', () => {
  const decoder = createMessageDecoder({ partitions: 16 });
  for (let round = 0; round < 50; round++) {
    const frame = ethernet(0x0800, ipv4(6, tcp()));
    frame.writeUInt16BE(round * 977, 28);
    const message = sampleBatchCodec.encode(batchOf([raw(frame)]));
    const tally = newTally();
    const decoded = decoder.decode(message, openRawBatch(message), POSITION, tally);
    assert.deepEqual([decoded.length, tally.samples], [1, 1]);
    assert.equal(decodedBatchCodec.decode(decoded[0]?.value ?? null).samples.length, 1);
  }
});

test('samples keep their order within a partition', () => {
  const frames = Array.from({ length: 300 }, (_, index) => conversation(index % 40, 41)[0]);
  const outputs = decodeBatch(
    batchOf(frames.map((frame, index) => raw(frame, { sequence: index }))),
    POSITION,
    4,
    newTally(),
  );
  for (const { samples } of outputs.values())
    assert.ok(samples.every(({ sequence }, index) => index === 0 || sequence > (samples[index - 1]?.sequence ?? 0)));
});

test('one input gives the same bytes each time, whatever was decoded in between', () => {
  const batch = batchOf([raw(tcpFrame), raw(ethernet(0x86dd, ipv6(17, udp()))), raw(hex('0200'))]);
  const encode = () =>
    [...decodeBatch(batch, POSITION, 4, newTally())].map(([p, b]) => [p, decodedBatchCodec.encode(b)]);
  const first = encode();
  decodeAll(batchOf([raw(Buffer.alloc(64, 0xff)), raw(tcpFrame)]));
  assert.deepEqual(encode(), first);
});

test('IP bytes: the total length of a packet, all frames without their Ethernet headers for a GSO buffer', () => {
  const packet = ethernet(0x0800, ipv4(6, tcp(), { totalBytes: 1500 }));
  const tagged = Buffer.concat([packet.subarray(0, 12), hex('8100 0064'), packet.subarray(12)]);
  const [plain, gso, gsoTagged, segment, arp] = decodeAll(
    batchOf([
      raw(packet, { wireBytes: 1514 }),
      raw(packet, { wireBytes: 1514 + 1514 + 354, segments: 3 }),
      raw(tagged, { wireBytes: 2 * 1518, segments: 2 }),
      // One of a buffer whose header came with it, as sFlow of such buffers has it.
      raw(packet, { wireBytes: 614 }),
      raw(ethernet(0x0806, hex('0001 0800 06 04 0001 0200000000aa c0000201 000000000000 c0000202'))),
    ]),
  );
  assert.equal(plain?.ipBytes, 1500);
  assert.equal(gso?.ipBytes, 1500 + 1500 + 340);
  assert.equal(gsoTagged?.ipBytes, 2 * 1500);
  assert.equal(segment?.ipBytes, 600);
  assert.equal(arp?.ipBytes, 0);
});

test('a header of a device without Ethernet is decoded as IP', () => {
  const frames = [raw(ipv4(17, udp()), { etherType: 0x0800 }), raw(ipv6(17, udp()), { etherType: 0x86dd })];
  const samples = decodeAll(batchOf(frames, [source({ linkType: 'ip' })]));
  assert.deepEqual(
    samples.map(({ etherType, dstPort, srcMac }) => [etherType, dstPort, srcMac]),
    [
      [0x0800, 53, 0],
      [0x86dd, 53, 0],
    ],
  );
});

test('headers that cannot be decoded to the end are results, tallied by their samples', () => {
  const tally = newTally();
  const samples = decodeAll(
    batchOf([
      raw(tcpFrame, { sampleCount: 10, segments: 10, wireBytes: 15140 }),
      raw(tcpFrame.subarray(0, 40), { wireBytes: 1514, sampleCount: 2, segments: 1 }),
      raw(ethernet(0x0800, Buffer.alloc(40, 0x11)), { sampleCount: 3 }),
      raw(ethernet(0x88cc, Buffer.alloc(40)), { sampleCount: 4 }),
      raw(Buffer.alloc(0), { wireBytes: 60 }),
    ]),
    tally,
  );
  assert.deepEqual(
    samples.map(({ stop }) => stop),
    [0, 1, 2, 3, 1],
  );
  assert.deepEqual(tally, { samples: 20, stops: [10, 3, 3, 4] });
  assert.equal(formatAddress((samples[1] as DecodedSample).dstAddress), '198.51.100.2');
});

test('a sample of a source that is not there refuses the whole batch, and nothing is tallied', () => {
  for (const missing of [1, -1, 99]) {
    const tally = newTally();
    const batch = batchOf([raw(tcpFrame), raw(tcpFrame, { source: missing }), raw(tcpFrame)]);
    assert.throws(() => decodeBatch(batch, POSITION, 4, tally), SchemaError);
    assert.deepEqual(tally, newTally());
  }
});

test('a batch without samples, the state of an agent that stops, gives nothing', () => {
  assert.equal(decodeBatch(batchOf([]), POSITION, 4, newTally()).size, 0);
});

test('no header bytes make it throw, lose a sample, or give what its schema refuses', () => {
  const random = seededRandom(20_260_101);
  const types = [hex('0800'), hex('86dd'), hex('0806'), hex('8100'), hex('88a8'), hex('0800 45'), hex('86dd 60')];
  for (let round = 0; round < 4000; round++) {
    const samples = Array.from({ length: 1 + random.below(4) }, () => {
      const header = random.bytes(random.below(140));
      if (random.chance(70)) random.pick(types).copy(header, 12); // else hardly any of them is IP
      const segments = random.pick([0, 1, 1, 1, 2, 45]);
      return raw(header, {
        source: random.below(2),
        segments,
        wireBytes: random.below(65_536),
        sampleCount: 1 + random.below(3),
        etherType: random.below(65_536),
      });
    });
    const tally = newTally();
    const batch = batchOf(samples, [source(), source({ linkType: 'ip' })]);
    const outputs = [...decodeBatch(batch, POSITION, 1 + random.below(16), tally).values()];
    const sum = (values: { sampleCount: number }[]) => values.reduce((total, value) => total + value.sampleCount, 0);
    assert.equal(sum(outputs.flatMap((output) => output.samples)), sum(samples), `round ${round}`);
    assert.deepEqual([tally.samples, tally.stops.reduce((total, stop) => total + stop)], [sum(samples), sum(samples)]);
    for (const output of outputs) assert.ok(decodedBatchCodec.type.isValid(output), `round ${round}`);
  }
});
