import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import {
  ethernetStatsRequest,
  familiesRequest,
  linkModesRequest,
  parseEthernetStats,
  parseEthtoolFamily,
  parseLinkModes,
} from './ethtool.ts';
import { listLinks, readLinkSpeed, readNetwork } from './links.ts';

// Written by hand after Documentation/networking/ethtool-netlink.rst and include/uapi/linux/ethtool_netlink.h.
const FAMILY = 20;

test('the number of the family is found among all', () => {
  const other = message(16, '01 02 0000', attribute(2, '6e6c6374726c00'), attribute(1, '1000'));
  const ethtool = message(16, '01 02 0000', attribute(1, '1400'), attribute(2, '657468746f6f6c00'));
  assert.equal(parseEthtoolFamily(Buffer.concat([other, ethtool])), FAMILY);
  assert.equal(parseEthtoolFamily(other), undefined);
});

test('requests are dumps of the family, with compact bitsets, and statistics of the groups eth-phy and eth-mac', () => {
  assert.equal(familiesRequest().toString('hex'), '14000000100001030100000000000000' + '03010000');
  assert.equal(
    linkModesRequest(FAMILY).toString('hex'),
    '20000000140001030100000000000000' + '04010000' + '0c000180' + '0800030001000000',
  );
  assert.equal(
    ethernetStatsRequest(FAMILY).toString('hex'),
    '38000000140001030100000000000000' +
      '20010000' +
      '0c000280' +
      '0800030001000000' +
      '18000380' +
      '04000100' +
      '0800020002000000' +
      '0800040003000000',
  );
});

test('speed and duplex are read by interface; an unknown speed is no speed', () => {
  const modes = (ifIndex: string, speed: string, duplex: string) =>
    message(FAMILY, '04 01 0000', attribute(1, attribute(1, ifIndex)), attribute(5, speed), attribute(6, duplex));
  const all = Buffer.concat([
    modes('02000000', '10270000', '01'),
    modes('03000000', '64000000', '00'),
    modes('04000000', 'e8030000', 'ff'),
    modes('05000000', 'ffffffff', '01'),
  ]);
  assert.deepEqual(
    [...parseLinkModes(all)],
    [
      [2, { bitsPerSecond: 10_000_000_000, duplex: 1 }],
      [3, { bitsPerSecond: 100_000_000, duplex: 2 }],
      [4, { bitsPerSecond: 1_000_000_000, duplex: 0 }],
    ],
  );
});

const stat = (counter: number, value: string) => attribute(4, attribute(counter, value));

test('each counter of the groups has its own name; those that the driver leaves out are missing', () => {
  const macs = [1, 2, 4, 5, 7, 8, 9, 10, 11, 13, 14, 15, 17, 18, 21];
  // 3.1 and 3.2 are packets, of which the interface statistics have their own.
  const group = Buffer.concat([
    attribute(2, '01000000'),
    attribute(3, '11000000'),
    stat(0, '6300000000000000'),
    ...macs.map((counter) => stat(counter, `${counter.toString(16).padStart(2, '0')}00000001000000`)),
  ]);
  const phy = Buffer.concat([attribute(2, '00000000'), stat(0, '0500000000000000')]);
  const reply = message(
    FAMILY,
    '21 01 0000',
    attribute(2, attribute(1, '07000000')),
    attribute(4, phy),
    attribute(4, group),
  );
  const high = 2 ** 32;
  assert.deepEqual(
    [...parseEthernetStats(reply)],
    [
      [
        7,
        {
          symbolErrors: 5,
          singleCollisionFrames: high + 1,
          multipleCollisionFrames: high + 2,
          frameCheckSequenceErrors: high + 4,
          alignmentErrors: high + 5,
          deferredTransmissions: high + 7,
          lateCollisions: high + 8,
          excessiveCollisions: high + 9,
          internalMacTransmitErrors: high + 10,
          carrierSenseErrors: high + 11,
          internalMacReceiveErrors: high + 13,
          multicastTransmitted: high + 14,
          broadcastTransmitted: high + 15,
          multicastReceived: high + 17,
          broadcastReceived: high + 18,
          frameTooLongs: high + 21,
        },
      ],
    ],
  );
  const silent = message(
    FAMILY,
    '21 01 0000',
    attribute(2, attribute(1, '07000000')),
    attribute(4, attribute(2, '01000000')),
  );
  assert.deepEqual([...parseEthernetStats(silent)], []);
});

test('cut messages never throw', () => {
  const group = Buffer.concat([attribute(2, '01000000'), stat(4, '0100000000000000')]);
  const reply = message(FAMILY, '21 01 0000', attribute(2, attribute(1, '07000000')), attribute(4, group));
  for (let length = 0; length < reply.length; length++)
    for (const parse of [parseEthernetStats, parseLinkModes, parseEthtoolFamily]) {
      const cut = Buffer.from(reply.subarray(0, length));
      if (length >= 4) cut.writeUInt32LE(length, 0);
      parse(cut);
    }
});

const skip =
  spawnSync('ip', ['-Version']).status === 0 || process.env.CI === 'true' ? false : 'iproute2 is not installed';

test('what this machine says in the background is what it says when asked one by one', { skip }, async () => {
  const { links, speeds, addresses } = await readNetwork();
  assert.deepEqual(
    links.map(({ name }) => name),
    listLinks().map(({ name }) => name),
  );
  assert.ok(addresses.some(({ address }) => address.toString('hex') === '00000000000000000000ffff7f000001'));
  for (const { name, ifIndex } of links)
    assert.deepEqual(speeds.get(ifIndex) ?? { bitsPerSecond: 0, duplex: 0 }, readLinkSpeed(name), name);
});

function hex(text: string): Buffer {
  return Buffer.from(text.replace(/\s/g, ''), 'hex');
}

/** struct rtattr: u16 length, u16 type, value, padding to 4. */
function attribute(type: number, value: string | Buffer): Buffer {
  const bytes = typeof value === 'string' ? hex(value) : value;
  const out = Buffer.alloc((4 + bytes.length + 3) & ~3);
  out.writeUInt16LE(4 + bytes.length, 0);
  out.writeUInt16LE(type, 2);
  bytes.copy(out, 4);
  return out;
}

/** struct nlmsghdr, struct genlmsghdr, attributes. */
function message(family: number, generic: string, ...attributes: Buffer[]): Buffer {
  const body = Buffer.concat([hex(generic), ...attributes]);
  const header = Buffer.alloc(16);
  header.writeUInt32LE(16 + body.length, 0);
  header.writeUInt16LE(family, 4);
  return Buffer.concat([header, body]);
}
