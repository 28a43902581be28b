// Every kind of device that this kernel can make: at 1:1 our counts are the number of pings and their bytes, and the device's
// own packet counter. A kind that the kernel lacks is skipped and says so.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { inNetns, ip } from '@tcxflow/lab/netns.ts';
import { type Attachment, type Direction, openCapture } from 'libbpf-ts/capture.ts';
import { isEthernet } from 'libbpf-ts/netlink.ts';
import { FLAG_L3, forEachRecord, Record } from 'libbpf-ts/record.ts';
import { findLink, type LinkPair, makeLinkPair } from '../support/link-pair.ts';
import { needsRoot } from '../support/require-root.ts';

const skip = needsRoot();
const PINGS = 20;
/** 56 bytes behind ICMP's 8 and IPv4's 20. */
const IP_BYTES = 84;
const FRAME_BYTES = IP_BYTES + 14;
const UNDERLAY = { near: '192.0.2.1', far: '192.0.2.2' } as const;
const OVERLAY = { near: '198.51.100.1', far: '198.51.100.2' } as const;
const sides = ['near', 'far'] as const;
type Side = (typeof sides)[number];
const other = (side: Side): Side => (side === 'near' ? 'far' : 'near');

interface Kind {
  name: string;
  /** Arguments of `ip link` for one side, in order; dev0 is the device. */
  commands: (side: Side) => string[];
  l3?: boolean;
  /** Bytes that each packet has more on the device below, if that is to be counted as well. */
  overheadBytes?: number;
}

const tunnel = (side: Side) => `local ${UNDERLAY[side]} remote ${UNDERLAY[other(side)]}`;
const OUTER_IP_BYTES = 20;

const kinds: Kind[] = [
  { name: 'macvlan', commands: () => ['add link eth0 name dev0 type macvlan mode bridge'], overheadBytes: 0 },
  {
    name: 'bridge',
    commands: () => ['add dev0 type bridge mcast_snooping 0', 'set eth0 master dev0'],
    overheadBytes: 0,
  },
  {
    name: 'vxlan',
    commands: (side) => [`add dev0 type vxlan id 42 ${tunnel(side)} dstport 4789 dev eth0`],
    overheadBytes: 14 + OUTER_IP_BYTES + 8 + 8,
  },
  {
    name: 'geneve',
    commands: (side) => [`add dev0 type geneve id 42 remote ${UNDERLAY[other(side)]}`],
    overheadBytes: 14 + OUTER_IP_BYTES + 8 + 8,
  },
  { name: 'vlan', commands: () => ['add link eth0 name dev0 type vlan id 100'], overheadBytes: 4 },
  {
    name: 'bond',
    commands: () => ['add dev0 type bond mode active-backup', 'set eth0 down', 'set eth0 master dev0', 'set eth0 up'],
    overheadBytes: 0,
  },
  { name: 'gre', commands: (side) => [`add dev0 type gre ${tunnel(side)}`], l3: true },
  { name: 'ipip', commands: (side) => [`add dev0 type ipip ${tunnel(side)}`], l3: true },
];

/** @returns why this kernel cannot, or undefined */
async function make(pair: LinkPair, kind: Kind): Promise<string | undefined> {
  for (const side of sides) {
    const netns = pair[side];
    await ip('-n', netns, 'address', 'add', `${UNDERLAY[side]}/24`, 'dev', 'eth0');
    await neighbour(pair, side, 'eth0', UNDERLAY);
    for (const command of kind.commands(side)) {
      const failed = await ip('-n', netns, 'link', ...command.split(' ')).then(
        () => undefined,
        (error: Error) => error,
      );
      if (failed && /Unknown device type|not supported/i.test(failed.message)) return `${kind.name}: ${failed.message}`;
      if (failed) throw failed;
    }
    await ip('-n', netns, 'link', 'set', 'dev0', 'up');
    await ip('-n', netns, 'address', 'add', `${OVERLAY[side]}/24`, 'dev', 'dev0');
  }
  if (!kind.l3) for (const side of sides) await neighbour(pair, side, 'dev0', OVERLAY);
  return undefined;
}

/** Without a question for it: pings are all that passes. */
async function neighbour(pair: LinkPair, side: Side, dev: string, addresses: typeof UNDERLAY | typeof OVERLAY) {
  const { mac } = findLink(pair[other(side)], dev);
  const entry = [addresses[other(side)], 'lladdr', mac, 'dev', dev, 'nud', 'permanent'];
  await ip('-n', pair[side], 'neighbour', 'replace', ...entry);
}

function open(t: TestContext, netns: string) {
  const headers: { ifIndex: number; flags: number; header: Buffer }[] = [];
  const capture = openCapture({
    netns,
    onBatch: (batch) =>
      forEachRecord(batch, (at) => {
        headers.push({
          ifIndex: batch.readUInt32LE(at + Record.IFINDEX),
          flags: batch.readUInt8(at + Record.FLAGS),
          header: Buffer.from(batch.subarray(at + Record.HEADER, at + Record.HEADER + 34)),
        });
      }),
  });
  t.after(() => capture.close());
  const attach = (name: string) => {
    const link = findLink(netns, name);
    const directions = ['ingress', 'egress'] as const;
    return capture.attach(link.ifIndex, { rate: 1, headerBytes: 128, directions, l3: !isEthernet(link) });
  };
  return { capture, headers, attach };
}

async function ping(pair: LinkPair): Promise<void> {
  await inNetns(pair.near, 'ping', '-q', '-c', String(PINGS), '-i', '0.01', '-W', '2', OVERLAY.far);
}

function countsOf(attachment: Attachment): [packets: number, bytes: number, lost: number][] {
  return (['ingress', 'egress'] as Direction[]).map((direction) => {
    const { packets, bytes, ringFull } = attachment.counters(direction);
    return [packets, bytes, ringFull];
  });
}

const both = (packets: number, bytesEach: number) =>
  [0, 1].map(() => [packets, packets * bytesEach, 0] as [number, number, number]);

for (const kind of kinds)
  test(`${kind.name}: packets and bytes are those of the pings, and the device's own count`, { skip }, async (t) => {
    const pair = await makeLinkPair(t);
    const cannot = await make(pair, kind);
    if (cannot) return t.skip(`this kernel has no such device: ${cannot}`);
    const { capture, headers, attach } = open(t, pair.near);
    const device = attach('dev0');
    const below = kind.overheadBytes === undefined ? undefined : attach('eth0');
    const before = findLink(pair.near, 'dev0').stats;
    await ping(pair);
    await capture.flush();
    const after = findLink(pair.near, 'dev0').stats;
    assert.deepEqual(countsOf(device), both(PINGS, kind.l3 ? IP_BYTES : FRAME_BYTES));
    assert.deepEqual([after.rxPackets - before.rxPackets, after.txPackets - before.txPackets], [PINGS, PINGS]);
    if (below) assert.deepEqual(countsOf(below), both(PINGS, FRAME_BYTES + (kind.overheadBytes ?? 0)));
    const own = headers.filter(({ ifIndex }) => ifIndex === device.ifIndex);
    assert.equal(own.length, 2 * PINGS);
    for (const { flags, header } of own) {
      // 0x45: IPv4, at once or behind an Ethernet header.
      assert.equal(header[kind.l3 ? 0 : 14], 0x45);
      assert.equal(flags & FLAG_L3, kind.l3 ? FLAG_L3 : 0);
    }
  });

test('a bridge and its ports: what is forwarded is seen at both ports and not at the bridge', { skip }, async (t) => {
  const [left, right] = [await makeLinkPair(t), await makeLinkPair(t)];
  // The second pair's near end moves into the first's namespace: two ports of one bridge.
  await ip('-n', right.near, 'link', 'set', 'eth0', 'netns', left.near, 'name', 'eth1', 'address', '02:00:00:00:00:11');
  for (const command of [
    'add br0 type bridge mcast_snooping 0',
    'set eth0 master br0',
    'set eth1 master br0',
    'set eth1 up',
    'set br0 up',
  ])
    await ip('-n', left.near, 'link', ...command.split(' '));
  await ip('-n', right.far, 'link', 'set', 'eth0', 'address', '02:00:00:00:00:22');
  const ends = { near: left.far, far: right.far } as LinkPair;
  for (const side of sides) {
    await ip('-n', ends[side], 'address', 'add', `${OVERLAY[side]}/24`, 'dev', 'eth0');
    await neighbour(ends, side, 'eth0', OVERLAY);
  }
  const { capture, attach } = open(t, left.near);
  const [bridge, ...ports] = [attach('br0'), attach('eth0'), attach('eth1')];
  await ping(ends);
  await capture.flush();
  assert.deepEqual(countsOf(bridge as Attachment), both(0, 0));
  for (const port of ports) assert.deepEqual(countsOf(port), both(PINGS, FRAME_BYTES));
});

test('tun: packets go out from IP on, and the device has as many', { skip }, async (t) => {
  const { near } = await makeLinkPair(t);
  await ip('-n', near, 'tuntap', 'add', 'dev', 'tun0', 'mode', 'tun');
  await ip('-n', near, 'address', 'add', `${OVERLAY.near}/24`, 'dev', 'tun0');
  await ip('-n', near, 'link', 'set', 'tun0', 'up');
  const { capture, headers, attach } = open(t, near);
  const tun = attach('tun0');
  // Nobody reads the other end, so nobody answers.
  await inNetns(near, 'ping', '-q', '-c', '5', '-i', '0.01', '-W', '1', OVERLAY.far).catch(() => '');
  await capture.flush();
  const { stats } = findLink(near, 'tun0');
  assert.deepEqual(countsOf(tun), [
    [0, 0, 0],
    [5, 5 * IP_BYTES, 0],
  ]);
  assert.equal(stats.txPackets + stats.txDropped, 5);
  assert.ok(headers.every(({ flags, header }) => flags === FLAG_L3 && header[0] === 0x45));
});

test('ifb: what is redirected to it is seen there once, and once where it came in', { skip }, async (t) => {
  const pair = await makeLinkPair(t);
  const created = await ip('-n', pair.near, 'link', 'add', 'ifb9', 'type', 'ifb').catch((error: Error) => error);
  if (created instanceof Error) return t.skip(`this kernel has no such device: ${created.message}`);
  await ip('-n', pair.near, 'link', 'set', 'ifb9', 'up');
  const tc = (...args: string[]) => inNetns(pair.near, 'tc', ...args);
  await tc('qdisc', 'add', 'dev', 'eth0', 'ingress');
  const filter = ['parent', 'ffff:', 'protocol', 'ip', 'u32', 'match', 'u32', '0', '0'];
  const redirect = ['action', 'mirred', 'egress', 'redirect', 'dev', 'ifb9'];
  const added = await tc('filter', 'add', 'dev', 'eth0', ...filter, ...redirect).catch((error: Error) => error);
  if (added instanceof Error) return t.skip(`this kernel cannot redirect: ${added.message}`);
  for (const side of sides) {
    await ip('-n', pair[side], 'address', 'add', `${OVERLAY[side]}/24`, 'dev', 'eth0');
    await neighbour(pair, side, 'eth0', OVERLAY);
  }
  const { capture, attach } = open(t, pair.near);
  const [eth0, ifb] = [attach('eth0'), attach('ifb9')];
  await ping(pair);
  await capture.flush();
  assert.deepEqual(countsOf(eth0), both(PINGS, FRAME_BYTES));
  const { packets, bytes } = ifb.counters('egress');
  assert.deepEqual([packets, bytes, ifb.counters('ingress').packets], [PINGS, PINGS * FRAME_BYTES, 0]);
});
