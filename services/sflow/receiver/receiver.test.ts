// Datagrams of our own emitter and of other agents, received: what the topics then have.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPcap } from '../dump/pcap-payloads.ts';
import { emptyTally } from '../session.ts';
import { AGENT, NOW, raw, source } from '../testing/session.ts';
import { CAPTURES, emitter, frame, kept, receiver, withCaptures } from './testing/receiver.ts';

test('what the emitter sent of both directions is what the receiver has', () => {
  const from = emitter();
  const sources = [source({ packets: 100 }), source({ direction: 'egress', packets: 0 })];
  const samples = Array.from({ length: 30 }, (_, i) =>
    raw(Math.floor(i / 2) + 1, {
      ...{ source: i % 2, header: frame(i), wireBytes: 60 + i },
      ...(i % 2 ? { inputIfIndex: 9 } : { outputIfIndex: 8 }),
    }),
  );
  from.add(samples, sources);
  const to = receiver();
  for (const datagram of from.datagrams) to.receive(datagram);
  to.flush();
  const [got] = to.batches();
  assert.ok(got && to.batches().length === 1);
  assert.deepEqual([got.agent, got.agentAddress, got.batchSequence], ['192.0.2.1', AGENT, 1]);
  assert.deepEqual(
    got.sources.map(({ ifIndex, direction, selected }) => [ifIndex, direction, selected]),
    [
      [2, 'ingress', 15],
      [2, 'egress', 15],
    ],
  );
  assert.deepEqual(got.samples.map(kept), samples.map(kept));
});

test('pools and drops grow from the first sample on, also over 2^32', () => {
  const from = emitter();
  const at = 2 ** 32 - 500;
  from.add([raw(50, { header: frame(1) })], [source({ packets: at, ringFull: 3 })]);
  from.add([raw(54, { header: frame(2) })], [source({ packets: at + 1000, ringFull: 5 })]);
  const to = receiver();
  for (const datagram of from.datagrams) to.receive(datagram);
  to.flush();
  const [got] = to.batches();
  assert.partialDeepStrictEqual(got?.sources[0], { packets: 100 + 1000, ringFull: 2, selected: 5 });
  assert.deepEqual(
    got?.samples.map(({ sequence }) => sequence),
    [1, 5],
  );
});

test('a datagram that is lost is a gap in the sequence, and counted', async () => {
  const from = emitter();
  for (let i = 1; i <= 5; i++) from.add([raw(i, { header: frame(i) })]);
  const to = receiver();
  for (const index of [0, 1, 3, 3, 4]) to.receive(from.datagrams[index]!); // one lost, one twice
  to.flush();
  assert.deepEqual(
    to.batches()[0]?.samples.map(({ sequence }) => sequence),
    [1, 2, 4, 5],
  );
  assert.deepEqual([await to.count('lostDatagrams'), await to.count('lostSamples')], [{ '': 1 }, { sequence_gap: 1 }]);
});

test('an agent that starts anew has a new boot id, and numbers from 1', async () => {
  const to = receiver();
  const before = emitter(NOW - 100_000);
  before.add([raw(70, { header: frame(1) })]);
  const after = emitter(NOW - 10);
  after.add([raw(1, { header: frame(2) })], [source({ packets: 5 })], 2);
  for (const datagram of [...before.datagrams, ...after.datagrams]) to.receive(datagram);
  to.flush();
  const [first, second] = to.batches();
  assert.ok(first && second);
  assert.notDeepEqual(first.bootId, second.bootId);
  assert.deepEqual([first.batchSequence, second.batchSequence, second.samples[0]?.sequence], [1, 1, 1]);
  assert.deepEqual(await to.count('restarts'), { '': 1 });
});

test('only allowed sources and agents are taken, and only so many agents', async () => {
  const from = emitter();
  from.add([raw(1)]);
  const [datagram] = from.datagrams as [Buffer];
  const other = Buffer.from(datagram);
  other[11] = 77; // agent 192.0.2.77
  const to = receiver({ sources: ['198.51.100.0/24', '2001:db8::/32'], agents: ['192.0.2.0/26'], maxAgents: 1 });
  to.receive(datagram, NOW, '192.0.2.9');
  to.receive(datagram, NOW, '::ffff:198.51.100.3');
  to.receive(other, NOW, '2001:db8::5');
  other[11] = 2;
  to.receive(other, NOW, '2001:db8::5');
  to.receive(Buffer.from('none'), NOW, '2001:db8::5');
  to.flush();
  assert.equal(to.batches().length, 1);
  assert.deepEqual(await to.count('refused'), {
    ...{ source_not_allowed: 1, agent_not_allowed: 1, too_many_agents: 1, version: 1 },
  });
});

test('every capture of real agents is received without a throw, and fits the schemas', withCaptures, () => {
  const to = receiver({ batchSamples: 3 });
  let datagrams = 0;
  for (const file of readdirSync(CAPTURES)) {
    const bytes = readFileSync(join(CAPTURES, file));
    const payloads = openPcap(bytes) ?? [{ payload: bytes }];
    for (const { payload } of payloads) {
      to.receive(payload);
      datagrams++;
      for (let end = 0; end < payload.length; end += 13) to.receive(payload.subarray(0, end));
    }
  }
  to.flush();
  assert.ok(datagrams > 100);
  assert.ok(to.batches().length > 20 && to.counters().length > 5 && to.drops().length > 0);
});

test('numbers as large as the wire has them break nothing', () => {
  const from = emitter();
  from.add([raw(1, { header: frame(1) })]);
  const host = {
    description: null,
    cpu: null,
    memory: null,
    disk: null,
    network: null,
    ip: null,
    icmp: null,
    tcp: null,
  };
  const udp = {
    inDatagrams: 0,
    noPorts: 0,
    inErrors: 0,
    outDatagrams: 0,
    rcvbufErrors: 0,
    sndbufErrors: 0,
    inCsumErrors: 0,
  };
  const identity = { agent: 'host-1', agentAddress: AGENT, bootId: Buffer.alloc(16, 1), sequence: 1, timeNs: 0n };
  from.session.addCounters(
    { ...identity, interfaces: [], host: { ...host, udp }, metadata: [] },
    NOW,
    emptyTally(),
    from.emit,
  );
  from.session.flush(NOW, from.emit);
  let taken = 0;
  for (const datagram of from.datagrams)
    for (let at = 28; at + 4 <= datagram.length; at += 4)
      for (const value of [0xffffffff, 0x7fffffff, 0x80000000, 0]) {
        const changed = Buffer.from(datagram);
        changed.writeUInt32BE(value, at);
        const to = receiver({ batchSamples: 1 });
        to.receive(changed);
        to.flush();
        changed.writeUInt32BE(2, 16); // the next datagram, with a sequence and a pool far away
        to.receive(changed.fill(0xff, at));
        changed.writeUInt32BE(3, 16);
        to.receive(changed.fill(0x7f, at));
        to.flush();
        taken += to.batches().length + to.counters().length;
      }
  assert.ok(taken > 100, String(taken));
});

test('samples of IPv4 fields alone become headers with TTL 0, which no packet has', withCaptures, async () => {
  const to = receiver();
  to.receive(readFileSync(join(CAPTURES, 'nxthdr-sflow.bin')));
  to.flush();
  const [got] = to.batches();
  const header = got?.samples[0]?.header;
  assert.equal(got?.sources[0]?.linkType, 'ip');
  assert.ok(header);
  assert.deepEqual(
    [header[0], header[8], header[9], header.subarray(12, 20).join('.')],
    [0x45, 0, 6, '3.3.3.3.4.4.4.4'],
  );
  assert.deepEqual([header.readUInt16BE(20), header.readUInt16BE(22), header.readUInt16BE(2)], [53032, 25562, 40]);
  assert.deepEqual(await to.count('synthesized'), { '': 1 });
});
