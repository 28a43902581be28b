import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IFF_LOOPBACK, IFF_PROMISC, IFF_UP, type Link } from 'libbpf-ts/netlink.ts';
import { interfaceCounters } from './counters.ts';

const link: Link = {
  ifIndex: 3,
  name: 'eth0',
  arpType: 1,
  flags: IFF_UP,
  mtu: 1500,
  kind: 'veth',
  alias: 'uplink',
  mac: '02:00:00:00:00:01',
  operState: 'up',
  master: 9,
  parent: 8,
  stats: {
    rxPackets: 1,
    txPackets: 2,
    rxBytes: 3,
    txBytes: 4,
    rxErrors: 5,
    txErrors: 6,
    rxDropped: 7,
    txDropped: 8,
    multicast: 9,
  },
  errors: {
    collisions: 0,
    rxLength: 0,
    rxOver: 0,
    rxCrc: 0,
    rxFrame: 0,
    txAborted: 0,
    txCarrier: 0,
    txHeartbeat: 0,
    txWindow: 0,
  },
};

test('the kernel’s counters go to their names in RFC 2863; what Linux does not count is null', () => {
  assert.deepEqual(interfaceCounters(link, 1_000_003, { bitsPerSecond: 10_000_000_000, duplex: 1 }, undefined), {
    ifIndex: 1_000_003,
    ifName: 'eth0',
    ifType: 6,
    ifSpeed: 10_000_000_000,
    ifDirection: 1,
    adminUp: true,
    operUp: true,
    promiscuous: false,
    mtu: 1500,
    inOctets: 3,
    inPackets: 1,
    inMulticast: 9,
    inBroadcast: null,
    inDiscards: 7,
    inErrors: 5,
    outOctets: 4,
    outPackets: 2,
    outMulticast: null,
    outBroadcast: null,
    outDiscards: 8,
    outErrors: 6,
    ethernet: null,
  });
});

test('the type is the IANAifType of Ethernet, of loopback, and other for the rest', () => {
  const types = [1, 772, 65534, 778].map(
    (arpType) => interfaceCounters({ ...link, arpType }, 3, undefined, undefined).ifType,
  );
  assert.deepEqual(types, [6, 24, 1, 1]);
});

test('an unknown speed leaves the duplex unknown', () => {
  const { ifSpeed, ifDirection } = interfaceCounters(link, 3, undefined, undefined);
  assert.deepEqual([ifSpeed, ifDirection], [0, 0]);
});

test('a device that has no operational state works when it is set up', () => {
  for (const [operState, flags, adminUp, operUp] of [
    ['up', IFF_UP, true, true],
    ['down', IFF_UP, true, false],
    ['lowerlayerdown', IFF_UP, true, false],
    ['dormant', IFF_UP, true, false],
    ['unknown', IFF_UP | IFF_LOOPBACK, true, true],
    ['unknown', IFF_LOOPBACK, false, false],
    ['down', 0, false, false],
  ] as const) {
    const counters = interfaceCounters({ ...link, operState, flags }, 3, undefined, undefined);
    assert.deepEqual([counters.adminUp, counters.operUp], [adminUp, operUp], `${operState} ${flags}`);
  }
  assert.equal(interfaceCounters({ ...link, flags: IFF_UP | IFF_PROMISC }, 3, undefined, undefined).promiscuous, true);
});

const physical: Link = { ...link, kind: '' };
const nothing = {
  alignmentErrors: null,
  fcsErrors: null,
  singleCollisionFrames: null,
  multipleCollisionFrames: null,
  sqeTestErrors: null,
  deferredTransmissions: null,
  lateCollisions: null,
  excessiveCollisions: null,
  internalMacTransmitErrors: null,
  carrierSenseErrors: null,
  frameTooLongs: null,
  internalMacReceiveErrors: null,
  symbolErrors: null,
};

test('the driver’s Ethernet counters go to their names in RFC 3635, zeros too; what it leaves out is null', () => {
  const driver = {
    singleCollisionFrames: 1,
    multipleCollisionFrames: 2,
    frameCheckSequenceErrors: 0,
    alignmentErrors: 4,
    deferredTransmissions: 5,
    lateCollisions: 6,
    excessiveCollisions: 7,
    internalMacTransmitErrors: 8,
    carrierSenseErrors: 9,
    internalMacReceiveErrors: 10,
    frameTooLongs: 11,
  };
  const { frameCheckSequenceErrors: fcsErrors, ...rest } = driver;
  const { ethernet } = interfaceCounters(physical, 3, undefined, driver);
  assert.deepEqual(ethernet, { ...nothing, ...rest, fcsErrors });
  const multicast = { multicastReceived: 1, broadcastReceived: 2, multicastTransmitted: 3, broadcastTransmitted: 4 };
  const counters = interfaceCounters(physical, 3, undefined, { ...multicast, symbolErrors: 5 });
  const { inMulticast, inBroadcast, outMulticast, outBroadcast } = counters;
  assert.deepEqual([inMulticast, inBroadcast, outMulticast, outBroadcast], [1, 2, 3, 4]);
  assert.deepEqual(counters.ethernet, { ...nothing, symbolErrors: 5 });
});

test('a physical port without them has what the interface’s statistics are in IEEE 802.3', () => {
  const errors = {
    collisions: 1,
    rxLength: 2,
    rxOver: 3,
    rxCrc: 4,
    rxFrame: 5,
    txAborted: 6,
    txCarrier: 7,
    txHeartbeat: 8,
    txWindow: 9,
  };
  assert.deepEqual(interfaceCounters({ ...physical, errors }, 3, undefined, undefined).ethernet, {
    ...nothing,
    frameTooLongs: 2,
    internalMacReceiveErrors: 3,
    fcsErrors: 4,
    alignmentErrors: 5,
    excessiveCollisions: 6,
    carrierSenseErrors: 7,
    sqeTestErrors: 8,
    lateCollisions: 9,
  });
  const one = { ...physical, errors: { ...physical.errors, rxCrc: 4 } };
  assert.deepEqual(interfaceCounters(one, 3, undefined, undefined).ethernet, { ...nothing, fcsErrors: 4 });
});

test('a zero of the interface’s statistics may mean that nobody counts: it is null, as is all of a veth or a tunnel', () => {
  const errors = { ...link.errors, rxCrc: 4 };
  for (const quiet of [physical, { ...link, errors }, { ...link, kind: '', arpType: 65534, errors }])
    assert.equal(interfaceCounters(quiet, 3, undefined, undefined).ethernet, null, quiet.kind);
});
