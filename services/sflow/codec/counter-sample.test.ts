import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EthernetCounters, InterfaceCounters } from '@tcxflow/schemas/generated.ts';
import { MAX_COUNTER_SAMPLE_BYTES, writeCounterSample } from './counter-sample.ts';
import { Sink } from './xdr-sink.ts';

const counters: InterfaceCounters = {
  ifIndex: 0x01000003,
  ifName: 'eth0',
  ifType: 6,
  ifSpeed: 100e9,
  ifDirection: 1,
  adminUp: true,
  operUp: true,
  promiscuous: false,
  mtu: 1500,
  inOctets: 2 ** 40 + 1,
  inPackets: 2 ** 32 + 100,
  inMulticast: 30,
  inBroadcast: 5,
  inDiscards: 7,
  inErrors: 2 ** 32 + 8,
  outOctets: 0x99,
  outPackets: 50,
  outMulticast: null,
  outBroadcast: null,
  outDiscards: 9,
  outErrors: 10,
  ethernet: null,
};

/** dot3Stats in the order of ethernet_counters (sFlow Version 5, section 5). */
const ETHERNET = [
  ...['alignmentErrors', 'fcsErrors', 'singleCollisionFrames', 'multipleCollisionFrames', 'sqeTestErrors'],
  ...['deferredTransmissions', 'lateCollisions', 'excessiveCollisions', 'internalMacTransmitErrors'],
  ...['carrierSenseErrors', 'frameTooLongs', 'internalMacReceiveErrors', 'symbolErrors'],
];
const NO_ETHERNET = Object.fromEntries(ETHERNET.map((name) => [name, null])) as unknown as EthernetCounters;

function written(changes: Partial<InterfaceCounters>, withPortName?: boolean): Buffer {
  const sink = new Sink(Buffer.alloc(500, 0xee));
  writeCounterSample(sink, { sequence: 0x77, counters: { ...counters, ...changes } }, withPortName);
  assert.equal(sink.overflow, false);
  return sink.buffer.subarray(0, sink.offset);
}

/** Offsets in the body of if_counters: 88 bytes (sFlow Version 5, section 5). */
function ifCounter(changes: Partial<InterfaceCounters>, offset: number): number {
  return written(changes).readUInt32BE(8 + 16 + 8 + offset);
}
const STATUS = 20;
const IN_UNICAST = 32;
const IN_MULTICAST = 36;
const OUT_UNICAST = 64;
const PROMISCUOUS = 84;

describe('counters sample', () => {
  it('is an expanded sample with if_counters of 88 bytes', () => {
    const words = [
      ...['00000004', '00000070', '00000077', '00000000', '01000003', '00000001'], // sample of 112, one record
      ...['00000001', '00000058'], // if_counters
      ...['01000003', '00000006', '000000174876e800', '00000001', '00000003'],
      ...['0000010000000001', '00000041', '0000001e', '00000005', '00000007', '00000008', 'ffffffff'],
      ...['0000000000000099', '00000032', 'ffffffff', 'ffffffff', '00000009', '0000000a', '00000002'],
    ];
    assert.equal(written({}).toString('hex'), words.join(''));
  });

  it('adds port_name when asked', () => {
    const bytes = written({ ifName: 'eth0.1' }, true);
    assert.equal(bytes.readUInt32BE(20), 2);
    assert.equal(bytes.subarray(120).toString('hex'), '000003ed0000000c00000006657468302e310000');
  });

  it('adds ethernet_counters of 52 bytes when the interface has them, all ones for what nobody counts', () => {
    const values = Object.fromEntries(ETHERNET.map((name, i) => [name, i === 4 ? null : 0x100 + i]));
    const bytes = written({ ethernet: values as unknown as EthernetCounters });
    assert.equal(bytes.readUInt32BE(20), 2);
    const words = ETHERNET.map((_, i) => (i === 4 ? 'ffffffff' : (0x100 + i).toString(16).padStart(8, '0')));
    assert.equal(bytes.subarray(120).toString('hex'), `0000000200000034${words.join('')}`);
  });

  it('packs admin and oper status into two bits', () => {
    const status = (adminUp: boolean, operUp: boolean) => ifCounter({ adminUp, operUp }, STATUS);
    assert.deepEqual(
      [status(false, false), status(true, false), status(false, true), status(true, true)],
      [0, 1, 2, 3],
    );
  });

  it('subtracts from unicast what is known, so that the three counters add up to all packets', () => {
    assert.equal(ifCounter({ inPackets: 100, inMulticast: 30, inBroadcast: 5 }, IN_UNICAST), 65);
    assert.equal(ifCounter({ inPackets: 100, inMulticast: 30, inBroadcast: null }, IN_UNICAST), 70);
    assert.equal(ifCounter({ outPackets: 100 }, OUT_UNICAST), 100);
  });

  it('subtracts before it wraps: packets may have wrapped where multicast has not', () => {
    assert.equal(ifCounter({ inPackets: 2 ** 32 + 10, inMulticast: 20, inBroadcast: 0 }, IN_UNICAST), 2 ** 32 - 10);
  });

  it('never shows a negative unicast, which would look like four billion packets', () => {
    assert.equal(ifCounter({ inPackets: 10, inMulticast: 11, inBroadcast: 0 }, IN_UNICAST), 0);
  });

  it('sends all ones for what is unknown', () => {
    assert.equal(ifCounter({ inMulticast: null }, IN_MULTICAST), 0xffffffff);
  });

  it('sends promiscuous mode as a TruthValue', () => {
    assert.equal(ifCounter({ promiscuous: true }, PROMISCUOUS), 1);
    assert.equal(ifCounter({ promiscuous: false }, PROMISCUOUS), 2);
  });

  it('is never larger than the bound that builders reckon with', () => {
    assert.equal(written({ ifName: 'x'.repeat(300), ethernet: NO_ETHERNET }, true).length, MAX_COUNTER_SAMPLE_BYTES);
  });
});
