import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DecodedCounterSample } from './codec/decode-counter-sample.ts';
import { emptyTally, subAgentIdOf } from './session.ts';
import { AGENT, batch, headerOf, NOW, raw, session, source } from './testing/session.ts';

test('a sample has the numbers of its interface: sequence, rate, pool and drops from the agent', () => {
  const to = session();
  to.add(batch([raw(41, { outputIfIndex: 9 })], [source({ packets: 4100, ringFull: 3, copyFailed: 2, own: 50 })]));
  const [flow] = to.flows();
  assert.partialDeepStrictEqual(flow, { sequence: 41, samplingRate: 100, samplePool: 4100, drops: 5 });
  assert.partialDeepStrictEqual(flow, { sourceClass: 0, sourceIndex: 2, input: 2, output: 9 });
  assert.partialDeepStrictEqual(headerOf(flow), { protocol: 1, frameLength: 1518, stripped: 4 });
  assert.deepEqual(headerOf(flow).header, Buffer.alloc(60, 41));
});

test('an outgoing packet leaves by its interface', () => {
  const to = session();
  to.add(batch([raw(1, { inputIfIndex: 9 })], [source({ direction: 'egress' })]));
  assert.partialDeepStrictEqual(to.flows()[0], { sourceIndex: 2, input: 9, output: 2 });
});

test('datagrams are numbered from 1 without gaps and carry agent, sub-agent and uptime', () => {
  const to = session({ datagramBytes: 400 });
  to.add(batch(Array.from({ length: 7 }, (_, index) => raw(index + 1))));
  to.flows(NOW + 250);
  to.flows(NOW + 300); // nothing waits: no datagram
  to.add(batch([raw(8)]));
  assert.deepEqual(
    to.flows(NOW + 500).map(({ sequence }) => sequence),
    [1, 2, 3, 4, 5, 6, 7, 8],
  );
  assert.deepEqual(
    to.datagrams.map(({ sequence, samples }) => [sequence, samples.length]),
    [
      [1, 2],
      [2, 2],
      [3, 2],
      [4, 1],
      [5, 1],
    ],
  );
  assert.deepEqual(
    to.datagrams.map(({ uptimeMs }) => uptimeMs),
    [5000, 5000, 5000, 5250, 5500],
  );
  assert.ok(to.datagrams.every(({ agentAddress, subAgentId }) => agentAddress.equals(AGENT) && subAgentId === 7));
});

test('both directions of an interface are one data source: numbers without gaps, sums of pool and drops', () => {
  const to = session();
  const sources = [source({ packets: 1000, ringFull: 1 }), source({ direction: 'egress', packets: 20, copyFailed: 2 })];
  to.add(batch([raw(1), raw(1, { source: 1 }), raw(2), raw(3), raw(2, { source: 1 })], sources));
  const flows = to.flows();
  assert.deepEqual(
    flows.map(({ sequence }) => sequence),
    [1, 2, 3, 4, 5],
  );
  assert.deepEqual(new Set(flows.map(({ samplePool, drops }) => `${samplePool} ${drops}`)), new Set(['1020 3']));
  to.add(batch([raw(4), raw(5)], [source({ packets: 1500, ringFull: 1 })])); // egress as it was last known
  assert.deepEqual(
    to
      .flows()
      .slice(5)
      .map(({ sequence, samplePool }) => [sequence, samplePool]),
    [
      [6, 1520],
      [7, 1520],
    ],
  );
});

test('every interface has numbers of its own', () => {
  const to = session();
  const sources = [source({ packets: 10 }), source({ ifIndex: 3, packets: 70 })];
  to.add(batch([raw(5), raw(9, { source: 1 }), raw(6)], sources));
  assert.deepEqual(
    to.flows().map(({ sourceIndex, sequence, samplePool }) => [sourceIndex, sequence, samplePool]),
    [
      [2, 5, 10],
      [3, 9, 70],
      [2, 6, 10],
    ],
  );
});

test('samples that two CPUs handed in out of order are sent in the order of their numbers', () => {
  const to = session();
  to.add(batch([raw(2), raw(1), raw(4), raw(3)]));
  assert.deepEqual(
    to.flows().map(({ sequence }) => sequence),
    [1, 2, 3, 4],
  );
});

test('of a GSO buffer every chosen packet is a sample, as long as the mean of its frames', () => {
  const to = session();
  to.add(batch([raw(10, { sampleCount: 3, segments: 5, wireBytes: 5 * 1000 + 2 }), raw(13)]));
  const flows = to.flows();
  assert.deepEqual(
    flows.map(({ sequence }) => sequence),
    [10, 11, 12, 13],
  );
  assert.deepEqual(
    flows.map((flow) => headerOf(flow).frameLength),
    [1004, 1004, 1004, 1518],
  );
  assert.equal(to.tally.flowSamples, 4);
});

test('when the agent starts anew, sample numbers and pools start with it; datagrams go on', () => {
  const to = session();
  const egress = { ...source({ packets: 500 }), direction: 'egress' as const };
  to.add(batch([raw(100), raw(90, { source: 1 })], [source({ packets: 9000 }), egress]));
  to.flows();
  to.add(batch([raw(1)], [source({ packets: 12 })], { bootId: Buffer.alloc(16, 2) }));
  assert.partialDeepStrictEqual(to.flows().at(-1), { sequence: 1, samplePool: 12 });
  assert.deepEqual(
    to.datagrams.map(({ sequence }) => sequence),
    [1, 2],
  );
});

test('old samples are not sent but counted, and leave a gap in the numbers', () => {
  const to = session();
  const old = { timeOffsetNs: -10_001_000_000 };
  to.add(
    batch([
      raw(1, { ...old, sampleCount: 4, segments: 4 }),
      raw(5, { timeOffsetNs: -10_000_000_000 }),
      raw(6, old),
      raw(7),
    ]),
  );
  assert.deepEqual(
    to.flows().map(({ sequence }) => sequence),
    [5, 7],
  );
  assert.deepEqual(to.tally, { ...emptyTally(), flowSamples: 2, stale: 5 });
});

test('a raw IP device has the header protocols of IPv4 and IPv6; what sFlow has no number for is counted', () => {
  const to = session();
  const samples = [raw(1), raw(2, { etherType: 0x86dd }), raw(3, { etherType: 0x8847, sampleCount: 2, segments: 2 })];
  to.add(batch(samples, [source({ linkType: 'ip' })]));
  const headers = to.flows().map(headerOf);
  assert.deepEqual(
    headers.map(({ protocol, frameLength, stripped }) => [protocol, frameLength, stripped]),
    [
      [11, 1514, 0],
      [12, 1514, 0],
    ],
  );
  assert.deepEqual([to.tally.flowSamples, to.tally.unsupported], [2, 2]);
});

test('header bytes are cut at the configured length', () => {
  const to = session({ headerBytes: 64 });
  to.add(batch([raw(1, { header: Buffer.alloc(200, 5) })]));
  assert.deepEqual(headerOf(to.flows()[0]).header, Buffer.alloc(64, 5));
});

test('counters are sent as a counter sample for each interface, with the agent’s number', () => {
  const to = session();
  const state = {
    adminUp: true,
    operUp: true,
    promiscuous: false,
    mtu: 1500,
    ifType: 6,
    ifSpeed: 1e10,
    ifDirection: 1,
  };
  const input = { inOctets: 2 ** 40, inPackets: 50, inMulticast: 3, inBroadcast: null, inDiscards: 1, inErrors: 2 };
  const output = {
    outOctets: 6,
    outPackets: 7,
    outMulticast: null,
    outBroadcast: null,
    outDiscards: 8,
    outErrors: 9,
    ethernet: null,
  };
  const interfaces = [2, 3].map((ifIndex) => ({ ifIndex, ifName: `eth${ifIndex}`, ...state, ...input, ...output }));
  to.addCounters({
    agent: 'host-1',
    agentAddress: AGENT,
    bootId: Buffer.alloc(16, 1),
    sequence: 12,
    timeNs: 0n,
    interfaces,
    host: null,
    metadata: [],
  });
  to.flows();
  const samples = to.datagrams[0]?.samples as DecodedCounterSample[];
  assert.deepEqual(
    samples.map(({ kind, sequence, sourceIndex }) => [kind, sequence, sourceIndex]),
    [
      ['counters', 12, 2],
      ['counters', 12, 3],
    ],
  );
  assert.partialDeepStrictEqual(samples[1]?.records[0], {
    kind: 'if_counters',
    ifIndex: 3,
    inOctets: 2n ** 40n,
    inUnicast: 47,
  });
  assert.deepEqual([to.tally.counterSamples, to.tally.flowSamples], [2, 0]);
});

test('sub-agent numbers are FNV-1a, 32 bits, by its published vectors', () => {
  for (const [text, hash] of [
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['b', 0xe70c2de5],
    ['foo', 0xa9f37ed7],
    ['foobar', 0xbf9cf968],
  ] as const)
    assert.equal(subAgentIdOf(text), hash, text);
});
