import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { listLinks } from './links.ts';
import { isEthernet, type Link, parseLinks } from './netlink.ts';

const eth0 = hex(`
  c4000000 1000 0200 01000000 00000000     nlmsghdr: 196 bytes, RTM_NEWLINK, NLM_F_MULTI, sequence, port
  00 00 0100 02000000 43110100 00000000    ifinfomsg: ARPHRD_ETHER, index 2, UP BROADCAST RUNNING PROMISC MULTICAST …
  0900 0300 65746830 00 000000             IFLA_IFNAME "eth0", padded to 4
  0800 0d00 e8030000                       IFLA_TXQLEN, which is passed over
  0500 1000 06 000000                      IFLA_OPERSTATE up
  0800 0400 dc050000                       IFLA_MTU 1500
  0800 0500 07000000                       IFLA_LINK 7
  0800 0a00 09000000                       IFLA_MASTER 9
  0800 1400 6c616e00                       IFLA_IFALIAS "lan"
  0a00 0100 0200000000aa 0000              IFLA_ADDRESS 02:00:00:00:00:aa
  4c00 1700                                IFLA_STATS64, its first nine fields:
    0100000000000000 0200000000000000      received, sent packets
    0300000001000000 0400000000000000      received (2^32 + 3), sent bytes
    0500000000000000 0600000000000000      errors
    0700000000000000 0800000000000000      dropped
    0900000000000000                       multicast
  1000 1280 0900 0100 76657468 00 000000   IFLA_LINKINFO (NLA_F_NESTED set) holding IFLA_INFO_KIND "veth"
`);

const noErrors = {
  collisions: 0,
  rxLength: 0,
  rxOver: 0,
  rxCrc: 0,
  rxFrame: 0,
  txAborted: 0,
  txCarrier: 0,
  txHeartbeat: 0,
  txWindow: 0,
};

test('every field of a link is read from its place', () => {
  assert.deepEqual(parseLinks(eth0), [
    {
      ifIndex: 2,
      name: 'eth0',
      arpType: 1,
      flags: 0x11143,
      mtu: 1500,
      kind: 'veth',
      alias: 'lan',
      mac: '02:00:00:00:00:aa',
      operState: 'up',
      master: 9,
      parent: 7,
      stats: {
        rxPackets: 1,
        txPackets: 2,
        rxBytes: 0x1_0000_0003,
        txBytes: 4,
        rxErrors: 5,
        txErrors: 6,
        rxDropped: 7,
        txDropped: 8,
        multicast: 9,
      },
      errors: noErrors,
    },
  ]);
});

test('a device of which the kernel says little has names and numbers of nothing', () => {
  const tun = message(attribute(3, '746e3000')); // tn0, ARPHRD_NONE in the header below
  assert.deepEqual(parseLinks(tun), [
    {
      ifIndex: 5,
      name: 'tn0',
      arpType: 65534,
      flags: 0,
      mtu: 0,
      kind: '',
      alias: '',
      mac: '',
      operState: 'unknown',
      master: 0,
      parent: 0,
      stats: {
        rxPackets: 0,
        txPackets: 0,
        rxBytes: 0,
        txBytes: 0,
        rxErrors: 0,
        txErrors: 0,
        rxDropped: 0,
        txDropped: 0,
        multicast: 0,
      },
      errors: noErrors,
    },
  ]);
});

test('messages that are not of a link, or too short for one, are passed over', () => {
  const done = hex('14000000 0300 0200 01000000 00000000 00000000'); // NLMSG_DONE
  const gone = Buffer.concat([eth0.subarray(0, 4), hex('1100'), eth0.subarray(6)]); // RTM_DELLINK
  const short = hex('11000000 1000 0200 01000000 00000000 00 000000'); // 17 bytes and padding
  assert.deepEqual(indexes(Buffer.concat([done, gone, short, eth0, message(), done])), [2, 5]);
});

test('every prefix of a dump gives the links that are whole in it', () => {
  const dump = Buffer.concat([eth0, message(), eth0]);
  for (let length = 0; length < dump.length; length++)
    assert.deepEqual(indexes(dump.subarray(0, length)), length < 196 ? [] : length < 228 ? [2] : [2, 5]);
  assert.deepEqual(indexes(dump), [2, 5, 2]);
});

test('a message length that cannot be ends the walk', () => {
  for (const length of ['00000000', '03000000', '0f000000', '00000080', 'ffffffff', 'fdffffff'])
    assert.deepEqual(indexes(Buffer.concat([eth0, hex(length), eth0.subarray(4), eth0])), [2], length);
});

test('an attribute length that cannot be ends the attributes; what came before is kept', () => {
  for (const length of ['0000', '0300', 'ffff', 'fdff']) {
    const broken = message(attribute(3, '746e3000'), hex(`${length} 0400 dc050000`), attribute(20, '6100'));
    const [link] = parseLinks(broken);
    assert.deepEqual([link?.name, link?.mtu, link?.alias], ['tn0', 0, ''], length);
    const nested = message(attribute(18, `${length} 0100 76657468`), attribute(3, '746e3000'));
    assert.deepEqual([parseLinks(nested)[0]?.kind, parseLinks(nested)[0]?.name], ['', 'tn0'], length);
  }
});

test('values shorter than their type are zero, and longer statistics of newer kernels are no trouble', () => {
  const [short] = parseLinks(
    message(attribute(4, 'dc05'), attribute(16, ''), attribute(23, '01000000'), attribute(1, '')),
  );
  assert.deepEqual([short?.mtu, short?.operState, short?.stats.rxPackets, short?.mac], [0, 'unknown', 0, '']);
  const [long] = parseLinks(message(attribute(16, 'ff'), attribute(23, `0a00000000000000${'00'.repeat(400)}`)));
  assert.deepEqual([long?.operState, long?.stats.rxPackets, long?.stats.multicast], ['unknown', 10, 0]);
});

test('each error of the statistics is read from its place in struct rtnl_link_stats64', () => {
  // rx_packets is field 0, collisions 9, … tx_window_errors 20: each has its own number here.
  const fields = Array.from({ length: 24 }, (_, index) => `${index.toString(16).padStart(2, '0')}00000000000000`);
  const [link] = parseLinks(message(attribute(23, fields.join(''))));
  assert.deepEqual(link?.errors, {
    collisions: 9,
    rxLength: 10,
    rxOver: 11,
    rxCrc: 12,
    rxFrame: 13,
    txAborted: 16,
    txCarrier: 17,
    txHeartbeat: 19,
    txWindow: 20,
  });
});

test('cut and changed messages never throw', () => {
  for (let length = 32; length < eth0.length; length++) {
    const cut = Buffer.from(eth0.subarray(0, length));
    cut.writeUInt32LE(length, 0);
    assert.deepEqual(indexes(cut), [2]);
  }
  for (let at = 0; at < eth0.length; at++)
    for (const value of [0, 1, 3, 0x7f, 0x80, 0xff]) {
      const changed = Buffer.from(eth0);
      changed[at] = value;
      assert.ok(parseLinks(changed).length <= 1);
    }
});

test('only Ethernet and loopback devices have an Ethernet header', () => {
  for (const [arpType, ethernet] of [
    [1, true],
    [772, true],
    [65534, false], // tun, wireguard
    [512, false], // ppp
    [776, false], // sit
  ] as const)
    assert.equal(isEthernet({ arpType }), ethernet);
});

// The oracle: iproute2 on this machine.

interface IpLink {
  ifindex: number;
  ifname: string;
  flags: string[];
  mtu: number;
  operstate: string;
  link_type: string;
  address?: string;
  master?: string;
  linkinfo?: { info_kind?: string };
  stats64: Record<'rx' | 'tx', Record<'packets' | 'bytes' | 'errors' | 'dropped' | 'multicast', number>>;
}

const skip =
  spawnSync('ip', ['-Version']).status === 0 || process.env.CI === 'true' ? false : 'ip (iproute2) is not installed';

function ipLinks(): IpLink[] {
  return JSON.parse(execFileSync('ip', ['-json', '-details', '-statistics', 'link'], { encoding: 'utf8' })) as IpLink[];
}

test('the interfaces of this machine are those that `ip link` lists', { skip }, () => {
  const theirs = ipLinks();
  const nameOf = new Map(theirs.map(({ ifindex, ifname }) => [ifindex, ifname]));
  assert.ok(theirs.some(({ ifname }) => ifname === 'lo'));
  assert.deepEqual(
    listLinks().map((link) => ({
      ifIndex: link.ifIndex,
      name: link.name,
      up: (link.flags & 1) !== 0,
      mtu: link.mtu,
      operState: link.operState.toUpperCase(),
      mac: isEthernet(link) ? link.mac : undefined,
      kind: link.kind,
      master: nameOf.get(link.master),
    })),
    theirs.map((link) => ({
      ifIndex: link.ifindex,
      name: link.ifname,
      up: link.flags.includes('UP'),
      mtu: link.mtu,
      operState: link.operstate,
      mac: ['ether', 'loopback'].includes(link.link_type) ? link.address : undefined,
      kind: link.linkinfo?.info_kind ?? '',
      master: link.master,
    })),
  );
});

test('the statistics of this machine lie between two readings of `ip -s link`', { skip }, () => {
  const [earlier, links, later] = [ipLinks(), listLinks(), ipLinks()];
  for (const { ifIndex, name, stats } of links) {
    const low = ipCounters(earlier.find(({ ifindex }) => ifindex === ifIndex));
    const high = ipCounters(later.find(({ ifindex }) => ifindex === ifIndex));
    for (const [field, value] of Object.entries(stats) as [keyof Link['stats'], number][])
      assert.ok(value >= low[field] && value <= high[field], `${name} ${field}: ${low[field]} ${value} ${high[field]}`);
  }
});

function ipCounters(link: IpLink | undefined): Link['stats'] {
  assert.ok(link);
  const { rx, tx } = link.stats64;
  return {
    rxPackets: rx.packets,
    txPackets: tx.packets,
    rxBytes: rx.bytes,
    txBytes: tx.bytes,
    rxErrors: rx.errors,
    txErrors: tx.errors,
    rxDropped: rx.dropped,
    txDropped: tx.dropped,
    multicast: rx.multicast,
  };
}

function indexes(dump: Buffer): number[] {
  return parseLinks(dump).map(({ ifIndex }) => ifIndex);
}

/** Groups of 2, 4, … hex digits at the start of each line; words behind them are remarks. */
function hex(text: string): Buffer {
  const groups = text.split('\n').flatMap((line) => /^\s*((?:(?:[0-9a-f]{2})+(?:\s+|$))*)/.exec(line)?.[1] ?? '');
  return Buffer.from(groups.join('').replace(/\s/g, ''), 'hex');
}

function attribute(type: number, value: string): Buffer {
  const bytes = hex(value);
  const out = Buffer.alloc((4 + bytes.length + 3) & ~3);
  out.writeUInt16LE(4 + bytes.length, 0);
  out.writeUInt16LE(type, 2);
  bytes.copy(out, 4);
  return out;
}

/** RTM_NEWLINK of interface 5, ARPHRD_NONE. */
function message(...attributes: Buffer[]): Buffer {
  const body = Buffer.concat([hex('00 00 feff 05000000 00000000 00000000'), ...attributes]);
  const header = hex('00000000 1000 0200 01000000 00000000');
  header.writeUInt32LE(16 + body.length, 0);
  return Buffer.concat([header, body]);
}
