import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { writePcap } from '../../services/packet/testing/pcap.ts';
import { buildTaggedFrame, type TaggedFrame } from './frames.ts';

const base: TaggedFrame = {
  srcMac: '02:00:00:00:0b:02',
  dstMac: '02:00:00:00:0b:01',
  tags: [],
  srcAddress: '192.0.2.2',
  dstAddress: '192.0.2.1',
  srcPort: 40_000,
  dstPort: 9, // discard: no protocol for tshark to see in the payload
  payloadBytes: 3,
};
const single: TaggedFrame = { ...base, tags: [{ tpid: 0x8100, vlanId: 100, priority: 3 }], payloadBytes: 500 };
const double: TaggedFrame = {
  ...base,
  tags: [
    { tpid: 0x88a8, vlanId: 4094, priority: 7 },
    { tpid: 0x8100, vlanId: 300 },
  ],
  payloadBytes: 0,
};

test('every header is written as its specification says', () => {
  assert.equal(
    buildTaggedFrame(double).toString('hex'),
    [
      '020000000b01', // destination
      '020000000b02', // source
      '88a8 effe', // 802.1ad: priority 7, VLAN 4094
      '8100 012c', // 802.1Q: VLAN 300
      '0800',
      '45 00 001c', // IPv4, 20 bytes of header, 28 in all
      '0000 0000',
      '40 11 f6cd', // 64 hops, UDP; 4500+001c+4011+c000+0202+c000+0201 = 20930, folded 0932, inverted f6cd
      'c0000202 c0000201',
      '9c40 0009 0008 0000', // ports 40000 and 9, 8 bytes, no checksum
    ]
      .join('')
      .replaceAll(' ', ''),
  );
});

test('a frame without tags is plain Ethernet, and the payload is zeros', () => {
  const frame = buildTaggedFrame(base);
  assert.equal(frame.length, 14 + 20 + 8 + 3);
  assert.equal(frame.toString('hex', 12, 18), '08004500001f');
  assert.equal(frame.toString('hex', 38), '000b0000000000');
});

// The oracle: tshark, which also checks the IPv4 checksum.

const skip =
  spawnSync('tshark', ['--version']).status === 0 || process.env.CI === 'true' ? false : 'tshark is not installed';

const fields = [
  'frame.len',
  'eth.src',
  'eth.dst',
  'ieee8021ad.id',
  'ieee8021ad.priority',
  'vlan.id',
  'vlan.priority',
  'ip.src',
  'ip.dst',
  'ip.ttl',
  'ip.checksum.status', // 1 = good
  'udp.srcport',
  'udp.dstport',
  'udp.length',
  'udp.checksum.status', // 3 = not present
  '_ws.malformed',
];

test('tshark dissects the frames as they were meant, with good checksums', { skip }, (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-lab-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'frames.pcap');
  writeFileSync(file, writePcap([base, single, double].map(buildTaggedFrame)));
  const options = ['-o', 'ip.check_checksum:TRUE', '-T', 'fields', '-E', 'separator=,'];
  const output = execFileSync('tshark', ['-r', file, ...options, ...fields.flatMap((field) => ['-e', field])], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const macs = '02:00:00:00:0b:02,02:00:00:00:0b:01';
  const ip = '192.0.2.2,192.0.2.1,64,1,40000,9';
  assert.deepEqual(output.trimEnd().split('\n'), [
    `45,${macs},,,,,${ip},11,3,`,
    `546,${macs},,,100,3,${ip},508,3,`,
    `50,${macs},4094,7,300,0,${ip},8,3,`,
  ]);
});
