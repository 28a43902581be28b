import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Drop, DropBatch, HostCounters } from '@tcxflow/schemas/generated.ts';
import { matchesAny } from './patterns.ts';
import { createPrefixFilter } from './prefix-filter.ts';
import { AGENT, batch, NOW, raw, session, source } from './testing/session.ts';

test('thinned samples are numbered without gaps, at the rate times the factor, and the pool stays', () => {
  const to = session({ thin: 4 });
  to.add(
    batch([raw(1), raw(2), raw(3, { sampleCount: 6, segments: 6 }), raw(9)], [source({ packets: 900, ringFull: 9 })]),
  );
  const flows = to.flows();
  assert.deepEqual(
    flows.map(({ sequence, samplingRate, samplePool, drops }) => [sequence, samplingRate, samplePool, drops]),
    [
      [1, 400, 900, 2],
      [2, 400, 900, 2],
    ],
  );
  assert.deepEqual([to.tally.flowSamples, to.tally.thinned], [2, 7]);
});

test('only samples and counters of wanted interfaces are sent, the others counted', () => {
  const to = session({ wantsInterface: matchesAny(['eth*', '!eth9']) });
  const sources = [source(), source({ ifIndex: 3, ifName: 'eth9' }), source({ ifIndex: 4, ifName: 'lo' })];
  to.add(batch([raw(1), raw(1, { source: 1 }), raw(1, { source: 2 })], sources));
  assert.deepEqual(
    to.flows().map(({ sourceIndex }) => sourceIndex),
    [2],
  );
  assert.equal(to.tally.filtered, 2);
});

/** Between two addresses, or with one more pair around them in an IP-in-IP tunnel. */
function packet(srcAddress: string, dstAddress: string, outer?: [string, string]): Buffer {
  const address = (text: string) => Buffer.from(text.split('.').map(Number));
  const header = (protocol: number, src: string, dst: string, body: Buffer) => {
    const bytes = Buffer.alloc(20);
    bytes[0] = 0x45;
    bytes.writeUInt16BE(20 + body.length, 2);
    bytes[8] = 64;
    bytes[9] = protocol;
    return Buffer.concat([bytes.subarray(0, 12), address(src), address(dst), body]);
  };
  const inner = header(17, srcAddress, dstAddress, Buffer.alloc(8));
  const ip = outer ? header(4, ...outer, inner) : inner;
  return Buffer.concat([Buffer.alloc(12, 2), Buffer.from([8, 0]), ip]);
}

test('only packets with a wanted address are sent, numbered without gaps; the pool is that of all', () => {
  const to = session({ wantsPacket: createPrefixFilter(['10.1.0.0/16', '!10.1.9.0/24']) });
  const samples = [
    packet('192.0.2.1', '192.0.2.2'),
    packet('192.0.2.1', '10.1.0.7'),
    packet('10.1.0.7', '10.1.9.1'),
    packet('172.16.0.1', '172.16.0.2', ['10.1.2.3', '192.0.2.2']),
    packet('10.1.2.3', '172.16.0.2', ['192.0.2.1', '192.0.2.2']),
  ].map((header, index) => raw(index + 1, { header }));
  to.add(batch([...samples, raw(6, { etherType: 0x0806, header: Buffer.alloc(60) })]));
  to.add(batch([raw(7, { header: packet('10.1.0.7', '192.0.2.1'), sampleCount: 2, segments: 2 })]));
  assert.deepEqual(
    to.flows().map(({ sequence, samplePool }) => [sequence, samplePool]),
    [1, 2, 3, 4, 5].map((sequence) => [sequence, 1000]),
  );
  assert.deepEqual([to.tally.flowSamples, to.tally.filtered], [5, 3]);
});

test('with prefixes left out alone, packets without addresses are sent', () => {
  const to = session({ wantsPacket: createPrefixFilter(['!10.0.0.0/8']) });
  to.add(batch([raw(1, { header: packet('10.1.0.1', '192.0.2.1') }), raw(2, { header: Buffer.alloc(60) })]));
  assert.deepEqual([to.flows().length, to.tally.filtered], [1, 1]);
  assert.equal(createPrefixFilter([]), undefined);
});

test('names match whole, by star and question mark, and nothing else is special', () => {
  const wants = matchesAny(['eth?', 'a.b*'])!;
  assert.deepEqual(['eth0', 'eth10', 'xeth0', 'a.bc', 'axbc'].map(wants), [true, false, false, true, false]);
  assert.deepEqual(['a', 'b'].map(matchesAny(['!b'])!), [true, false]);
  assert.equal(matchesAny([]), undefined);
});

const noHost: HostCounters = {
  ...{
    description: null,
    cpu: null,
    memory: null,
    disk: null,
    network: null,
    ip: null,
    icmp: null,
    tcp: null,
    udp: null,
  },
};
const counters = {
  ...{ agent: 'host-1', agentAddress: AGENT, bootId: Buffer.alloc(16, 1), sequence: 3, timeNs: 0n },
  ...{ interfaces: [], metadata: [] },
};

test('counters of the machine are a sample of source 2:1; a collector may do without', () => {
  const host = { ...noHost, udp: { ...udp, inDatagrams: 77 } };
  const to = session({ host: true });
  to.addCounters({ ...counters, host });
  to.flows();
  assert.partialDeepStrictEqual(to.datagrams[0]?.samples[0], {
    kind: 'counters',
    sequence: 22,
    sourceClass: 2,
    sourceIndex: 1,
  });
  const without = session();
  without.addCounters({ ...counters, host });
  assert.deepEqual([without.flows(), without.datagrams], [[], []]);
});

const udp = {
  ...{ inDatagrams: 0, noPorts: 0, inErrors: 0, outDatagrams: 0, rcvbufErrors: 0, sndbufErrors: 0, inCsumErrors: 0 },
};

function drops(given: Partial<Drop>[], fields: Partial<DropBatch> = {}): DropBatch {
  const reason = {
    name: 'NO_SOCKET',
    number: 3,
    buffers: 1,
    packets: 1,
    local: 0,
    selected: 9,
    overBound: 4,
    ringFull: 1,
  };
  const drop: Drop = {
    ...{ reason: 0, timeOffsetNs: 0, samplingRate: 1, netns: 1, ifIndex: 2, ifName: 'eth0', inputIfIndex: 2 },
    ...{ linkType: 'ethernet', etherType: 0x0800, segments: 1, bytes: 98, header: Buffer.alloc(60, 7) },
  };
  return {
    ...{ agent: 'host-1', agentAddress: AGENT, bootId: Buffer.alloc(16, 1), batchSequence: 1 },
    ...{ baseTimeNs: BigInt(NOW) * 1_000_000n, clockOffsetNs: 0n, clockUncertaintyNs: 0, missed: 2 },
    reasons: [reason, { ...reason, name: 'NETFILTER_DROP', overBound: 10, ringFull: 0 }],
    drops: given.map((values) => ({ ...drop, ...values })),
    ...fields,
  };
}

test('dropped packets go in datagrams of their own, which share the sequence of all the others', () => {
  const to = session();
  to.add(batch([raw(1)]));
  to.addDrops(drops([{}, { reason: 1, ifIndex: 5, header: Buffer.alloc(0) }, { timeOffsetNs: -20e9 }]));
  to.flows();
  assert.deepEqual(
    to.datagrams.map(({ sequence, samples }) => [sequence, samples.map(({ kind }) => kind)]),
    [
      [1, ['flow']],
      [2, ['discard', 'discard']],
    ],
  );
  const [first, second] = to.datagrams[1]?.samples ?? [];
  assert.partialDeepStrictEqual(first, { sequence: 1, sourceClass: 2, sourceIndex: 1, input: 2, output: 0, reason: 3 });
  assert.ok(first?.kind === 'discard' && second?.kind === 'discard');
  assert.equal(first.drops, 2 + 4 + 1 + 10); // missed, over the bound and ring full of both reasons
  assert.partialDeepStrictEqual(first.records, [
    { tag: 1042, values: { reason: 'NO_SOCKET' } },
    { kind: 'sampled_header', protocol: 1, frameLength: 102, stripped: 4, header: Buffer.alloc(60, 7) },
  ]);
  // The packet was about to leave by interface 5; nobody has its bytes.
  assert.partialDeepStrictEqual(second, { sequence: 2, input: 2, output: 5, reason: 258 });
  assert.equal(second.records.length, 1);
  assert.deepEqual([to.tally.discardSamples, to.tally.stale], [2, 1]);
});

test('discarded packets are numbered from 1 again when the agent starts anew', () => {
  const to = session();
  to.addDrops(drops([{}, {}]));
  to.addDrops(drops([{}], { bootId: Buffer.alloc(16, 2), missed: 0 }));
  to.flows();
  const samples = to.datagrams.flatMap((datagram) => datagram.samples);
  assert.deepEqual(
    samples.map((sample) => sample.kind === 'discard' && sample.sequence),
    [1, 2, 1],
  );
});

test('a dropped packet has the time when it was, for a collector that asks for times', () => {
  const to = session({ timestamps: true });
  to.addDrops(drops([{ timeOffsetNs: 7 }, { header: Buffer.alloc(0) }]));
  to.flows();
  const [first, second] = to.datagrams[0]?.samples ?? [];
  assert.ok(first?.kind === 'discard' && second?.kind === 'discard');
  assert.partialDeepStrictEqual(first.records, [
    { tag: 1042 },
    { tag: 1043, values: { timeNs: BigInt(NOW) * 1_000_000n + 7n } },
    { kind: 'sampled_header' },
  ]);
  assert.equal(second.records.length, 2);
});
