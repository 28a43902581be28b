import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interfaceNames, parseNetwork, readNetwork } from './network.ts';
import { COUNTER_MAX } from './proc-text.ts';
import { mangled, throughCodec } from './testing/hostile.ts';
import { NET_DEV } from './testing/texts.ts';
import { makeTree } from './testing/tree.ts';

const NOTHING = {
  inBytes: 0,
  inPackets: 0,
  inErrors: 0,
  inDrops: 0,
  outBytes: 0,
  outPackets: 0,
  outErrors: 0,
  outDrops: 0,
};

/** A line of /proc/net/dev: every column is a multiple of the weight. */
function line(name: string, weight: number): string {
  return `${name}: ${Array.from({ length: 16 }, (_, index) => (index + 1) * weight).join(' ')}\n`;
}

/** What `line` comes to. */
function sum(weight: number) {
  const [inBytes, inPackets, inErrors, inDrops] = [1, 2, 3, 4].map((column) => column * weight);
  const [outBytes, outPackets, outErrors, outDrops] = [9, 10, 11, 12].map((column) => column * weight);
  return { inBytes, inPackets, inErrors, inDrops, outBytes, outPackets, outErrors, outDrops };
}

type Files = Parameters<typeof makeTree>[1];
const UP = '0x1003\n';
const DOWN = '0x1002\n';
const physical = (name: string, flags = UP): Files => ({
  [`sys/class/net/${name}/flags`]: flags,
  [`sys/class/net/${name}/device`]: { link: '../../../virtio2' },
  // What the link leads to.
  'sys/virtio2/vendor': '0x1af4\n',
  [`sys/class/net/${name}/uevent`]: `INTERFACE=${name}\nIFINDEX=2\n`,
});
const virtual = (name: string, flags = UP): Files => ({ [`sys/class/net/${name}/flags`]: flags });

test('the columns of both directions are added up over the interfaces that count', () => {
  assert.deepEqual(
    parseNetwork(NET_DEV, (name) => name === 'eth0'),
    {
      inBytes: 2_439_067_851,
      inPackets: 58_997,
      inErrors: 0,
      inDrops: 0,
      outBytes: 4_560_888,
      outPackets: 39_565,
      outErrors: 0,
      outDrops: 0,
    },
  );
  assert.deepEqual(
    parseNetwork(line('a', 1) + line('b', 10) + line('c', 100), (name) => name !== 'b'),
    sum(101),
  );
});

test('names may hold any characters, colons too, and columns may touch them', () => {
  const text = `${NET_DEV}eth0:1:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n  größe:${' 1'.repeat(16)}\n  x|y: ${'1 '.repeat(20)}\n`;
  assert.deepEqual(interfaceNames(text), ['lo', 'ifb0', 'eth0', 'eth0:1', 'größe', 'x|y']);
  assert.deepEqual(
    parseNetwork(text, (name) => name === 'eth0:1'),
    sum(1),
  );
});

test('a line without its sixteen numbers is no interface; without an interface there is no record', () => {
  const all = () => true;
  assert.equal(parseNetwork('', all), null);
  assert.equal(parseNetwork(NET_DEV.split('\n').slice(0, 2).join('\n'), all), null);
  assert.equal(parseNetwork('eth0: 1 2 3\n: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\nno colon\n', all), null);
  assert.deepEqual(
    parseNetwork(`eth0: 1 x${' 1'.repeat(14)}\n${line('eth1', 1)}${line('eth2', 5).trimEnd()}`, all),
    sum(1),
  );
  assert.deepEqual(
    parseNetwork(NET_DEV, () => false),
    NOTHING,
  );
});

test('huge numbers stop where the schema does', () => {
  const text = `eth0: 18446744073709551615 9007199254740990 ${'0 '.repeat(14)}\neth1: 1 1 ${'7 '.repeat(14)}\n`;
  assert.partialDeepStrictEqual(
    parseNetwork(text, () => true),
    { inBytes: COUNTER_MAX, inPackets: COUNTER_MAX, inErrors: 7 },
  );
});

test('physical interfaces count, also those that are down, slaves of a bond too; what is on top of them does not', (context) => {
  const names = ['lo', 'eth0', 'eth1', 'eth2', 'bond0', 'bond0.100', 'br0', 'veth12', 'docker0', 'tun0', 'wlan0'];
  const tree = makeTree(context, {
    'proc/net/dev': names.map((name, index) => line(name, 10 ** index)).join(''),
    ...physical('eth0'),
    'sys/class/net/eth0/master': { link: '../bond0' },
    ...physical('eth1', DOWN),
    'sys/class/net/eth1/master': { link: '../bond0' },
    ...physical('eth2'),
    'sys/class/net/eth2/master': { link: '../br0' },
    ...physical('wlan0', '0x1143\n'),
    'sys/class/net/wlan0/uevent': 'DEVTYPE=wlan\nINTERFACE=wlan0\nIFINDEX=9\n',
    ...Object.assign(
      {},
      ...['lo', 'bond0', 'bond0.100', 'br0', 'veth12', 'docker0', 'tun0'].map((name) => virtual(name)),
    ),
  });
  const read = (excluded: string[] = []) =>
    readNetwork(`${tree}/proc`, `${tree}/sys`, (name) => excluded.includes(name));
  assert.deepEqual(read(), sum(10 ** 1 + 10 ** 2 + 10 ** 3 + 10 ** 10));
  assert.deepEqual(read(['eth2', 'br0']), sum(10 ** 1 + 10 ** 2 + 10 ** 10));
  assert.deepEqual(read(['eth0', 'eth2', 'wlan0']), sum(10 ** 2), 'bridges do not step in for what is excluded');
});

test('a virtual function behind its paravirtual interface, and the ports of a switch chip, are not counted twice', (context) => {
  const tree = makeTree(context, {
    'proc/net/dev': line('eth0', 1) + line('enP1s0', 10) + line('lan1', 100) + line('end0', 1000),
    ...physical('eth0'),
    ...physical('enP1s0'),
    'sys/class/net/enP1s0/master': { link: '../eth0' },
    ...physical('lan1'),
    'sys/class/net/lan1/uevent': 'DEVTYPE=dsa\nINTERFACE=lan1\nIFINDEX=5\n',
    ...physical('end0'),
  });
  assert.deepEqual(
    readNetwork(`${tree}/proc`, `${tree}/sys`, () => false),
    sum(1001),
  );
});

test('when the only physical interface is down, its counters stand still, whatever its bridges say', (context) => {
  const tree = makeTree(context, {
    'proc/net/dev': line('eth0', 1) + line('docker0', 10),
    ...physical('eth0', DOWN),
    ...virtual('docker0'),
  });
  assert.deepEqual(
    readNetwork(`${tree}/proc`, `${tree}/sys`, () => false),
    sum(1),
  );
});

test('in a container all that are up count, but loopback, VLANs, bonds, bridges and tunnels', (context) => {
  const tree = makeTree(context, {
    'proc/net/dev': ['lo', 'eth0', 'eth0.5', 'bond0', 'eth1', 'br0', 'tun0']
      .map((name, index) => line(name, 10 ** index))
      .join(''),
    'proc/net/vlan/eth0.5': 'eth0.5  VID: 5\n',
    'proc/net/bonding/bond0': 'Ethernet Channel Bonding Driver\n',
    ...virtual('lo', '0x9\n'),
    ...virtual('eth0'),
    ...virtual('eth0.5'),
    ...virtual('bond0'),
    ...virtual('eth1', DOWN),
    ...virtual('br0'),
    'sys/class/net/br0/bridge/bridge_id': '8000.000000000000\n',
    ...virtual('tun0'),
    'sys/class/net/tun0/tun_flags': '0x1001\n',
  });
  assert.deepEqual(
    readNetwork(`${tree}/proc`, `${tree}/sys`, () => false),
    sum(10),
  );
});

test('without /sys the names decide what is loopback, and all others are taken to be up', (context) => {
  const tree = makeTree(context, { 'proc/net/dev': line('lo', 1) + line('eth0', 10) + line('eth1', 100) });
  assert.deepEqual(
    readNetwork(`${tree}/proc`, `${tree}/sys`, () => false),
    sum(110),
  );
  assert.equal(
    readNetwork(`${tree}/sys`, `${tree}/sys`, () => false),
    null,
  );
});

test('cut and mangled files never throw, and what is read of them fits the schema', (context) => {
  for (const text of mangled(NET_DEV)) throughCodec({ network: parseNetwork(text, (name) => name !== 'lo') });
  for (const text of [...mangled(NET_DEV)].filter((_, index) => index % 20 === 0))
    throughCodec({ network: readNetwork(makeTree(context, { 'net/dev': text }), '/sys', () => false) });
});
