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
};

const unknown = { bitsPerSecond: 0, duplex: 0 };

test('the kernel’s counters go to their names in RFC 2863; what Linux does not count is null', () => {
  assert.deepEqual(interfaceCounters(link, 1_000_003, { bitsPerSecond: 10_000_000_000, duplex: 1 }), {
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
  });
});

test('the type is the IANAifType of Ethernet, of loopback, and other for the rest', () => {
  const types = [1, 772, 65534, 778].map((arpType) => interfaceCounters({ ...link, arpType }, 3, unknown).ifType);
  assert.deepEqual(types, [6, 24, 1, 1]);
});

test('an unknown speed leaves the duplex unknown', () => {
  const { ifSpeed, ifDirection } = interfaceCounters(link, 3, unknown);
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
    const counters = interfaceCounters({ ...link, operState, flags }, 3, unknown);
    assert.deepEqual([counters.adminUp, counters.operUp], [adminUp, operUp], `${operState} ${flags}`);
  }
  assert.equal(interfaceCounters({ ...link, flags: IFF_UP | IFF_PROMISC }, 3, unknown).promiscuous, true);
});
