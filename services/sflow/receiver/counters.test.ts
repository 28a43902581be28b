// Counters and dropped packets, received.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { testCounters } from '../codec/testing/stream.ts';
import { openPcap } from '../dump/pcap-payloads.ts';
import { emptyTally } from '../session.ts';
import { AGENT, NOW } from '../testing/session.ts';
import { CAPTURES, emitter, frame, receiver, withCaptures } from './testing/receiver.ts';

test('counters of interfaces and of the machine are what the emitter was given', () => {
  const from = emitter();
  const udp = {
    inDatagrams: 7,
    noPorts: 6,
    inErrors: 5,
    outDatagrams: 4,
    rcvbufErrors: 3,
    sndbufErrors: 2,
    inCsumErrors: null,
  };
  const description = { hostname: 'box', uuid: Buffer.alloc(16, 3), machineType: 10, osName: 2, osRelease: '6.12' };
  const disk = {
    ...{ totalBytes: 2 ** 45, freeBytes: 2 ** 44, partMaxUsedPercent: 50.25, reads: 1, readBytes: 2 ** 50, readMs: 3 },
    ...{ writes: 4, writtenBytes: null, writeMs: 6 },
  };
  const host = { description, disk, udp, cpu: null, memory: null, network: null, ip: null, icmp: null, tcp: null };
  const interfaces = [testCounters(3, 1), testCounters(4, 2)];
  const identity = { agent: 'host-1', agentAddress: AGENT, bootId: Buffer.alloc(16, 1), sequence: 1, timeNs: 0n };
  from.session.addCounters({ ...identity, interfaces, host, metadata: [] }, NOW, emptyTally(), from.emit);
  from.session.flush(NOW, from.emit);
  const to = receiver();
  for (const datagram of from.datagrams) to.receive(datagram);
  to.flush();
  const [got] = to.counters();
  assert.ok(got?.host && to.counters().length === 1);
  const plain = (value: unknown) => JSON.parse(JSON.stringify(value));
  assert.deepEqual(plain(got.host), plain(host));
  // 32-bit counters come with their low 32 bits, and without the mtu.
  const low = (value: number | null) => (value === null ? null : value % 2 ** 32);
  assert.deepEqual(
    plain(got.interfaces),
    plain(
      interfaces.map((entry) => ({
        ...entry,
        ...{
          mtu: 0,
          inErrors: low(entry.inErrors),
          inPackets: low(entry.inPackets - 100 - entry.inBroadcast!)! + 100 + entry.inBroadcast!,
        },
        ethernet: entry.ethernet && { ...entry.ethernet, symbolErrors: low(entry.ethernet.symbolErrors) },
      })),
    ),
  );
});

test('dropped packets are what the emitter was given', () => {
  const from = emitter();
  const reason = { number: 2, buffers: 9, packets: 9, local: 0, selected: 9, overBound: 3, ringFull: 0 };
  const drop = {
    ...{ timeOffsetNs: 0, samplingRate: 1, netns: 1, ifIndex: 5, ifName: 'eth5', inputIfIndex: 2 },
    ...{ linkType: 'ethernet' as const, etherType: 0x0800, segments: 1, bytes: 98 },
  };
  const identity = { agent: 'host-1', agentAddress: AGENT, bootId: Buffer.alloc(16, 1), batchSequence: 1 };
  const clock = { baseTimeNs: BigInt(NOW) * 1_000_000n, clockOffsetNs: 0n, clockUncertaintyNs: 0, missed: 0 };
  const reasons = ['NO_SOCKET', 'TCP_SOMETHING_NEW'].map((name) => ({ ...reason, name }));
  const drops = [0, 1, 1].map((index) => ({ ...drop, reason: index, header: frame(index) }));
  from.session.addDrops({ ...identity, ...clock, reasons, drops }, NOW, emptyTally(), from.emit);
  from.session.flush(NOW, from.emit);
  const to = receiver();
  for (const datagram of from.datagrams) to.receive(datagram);
  to.flush();
  const [got] = to.drops();
  assert.deepEqual(
    got?.reasons.map(({ name, packets }) => [name, packets]),
    [
      ['NO_SOCKET', 1],
      ['TCP_SOMETHING_NEW', 2],
    ],
  );
  assert.deepEqual(
    got.drops.map(({ reason: index, ifIndex, inputIfIndex, bytes, header }) => [
      index,
      ifIndex,
      inputIfIndex,
      bytes,
      header,
    ]),
    drops.map(({ reason: index, ifIndex, inputIfIndex, bytes, header }) => [
      index,
      ifIndex,
      inputIfIndex,
      bytes,
      header,
    ]),
  );
});

test('counters of interfaces and of the machine of a real hsflowd are in the topic’s words', withCaptures, () => {
  const to = receiver();
  for (const { payload } of openPcap(readFileSync(join(CAPTURES, 'linux-hsflowd-epcap.pcap'))) ?? [])
    to.receive(payload);
  to.flush();
  const all = to.counters();
  const host = all.map((message) => message.host).find((entry) => entry !== null);
  assert.ok(host);
  assert.deepEqual([host.description?.hostname, host.description?.machineType], ['vm', 3]);
  assert.deepEqual([host.memory?.totalBytes, host.disk?.partMaxUsedPercent], [25276502016, 72.04]);
  assert.deepEqual([host.network?.outPackets, host.tcp?.maxConn, host.cpu?.cpuNum], [280, -1, 2]);
  const interfaces = all.flatMap((message) => message.interfaces);
  assert.ok(interfaces.length >= 1 && interfaces.every(({ ifName }) => ifName === 'vsfa'));
});
