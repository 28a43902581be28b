import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ethernet, extension, hex, innerEthernet, ipv4, ipv6, tag, udpTo } from '@tcxflow/packet/testing/frames.ts';
import { batch, raw, session, source } from './testing/session.ts';

const INNER = innerEthernet(0x0800, ipv4(17, udpTo(53, Buffer.alloc(20))));
const VXLAN = hex('08000000 012345 00');
/** With eight bytes of options. */
const GENEVE = hex('02006558 012346 00 0102000100000000');
const NVGRE = hex('20006558 012347 01');
const vxlan = udpTo(4789, Buffer.concat([VXLAN, INNER]));

function recordsOf(header: Buffer, options: Parameters<typeof session>[0] = {}, fields = source()) {
  const to = session({ tunnels: true, headerBytes: 256, ...options });
  to.add(batch([raw(1, { header, wireBytes: header.length })], [fields]));
  const [flow] = to.flows();
  assert.equal(flow?.records.at(-1)?.kind, 'sampled_header');
  return flow.records.slice(0, -1).map((record) => record.kind === 'structure' && [record.tag, record.values]);
}

const PACKETS: Record<string, [Buffer, vni: number]> = {
  'VXLAN in IPv4': [ethernet(0x0800, ipv4(17, vxlan)), 0x12345],
  'VXLAN in IPv4 with options, behind a tag': [
    ethernet(0x8100, tag(42, 0x0800, ipv4(17, vxlan, { options: Buffer.alloc(8, 1) }))),
    0x12345,
  ],
  'VXLAN in IPv6': [ethernet(0x86dd, ipv6(17, vxlan)), 0x12345],
  'Geneve with options': [ethernet(0x0800, ipv4(17, udpTo(6081, Buffer.concat([GENEVE, INNER])))), 0x12346],
  NVGRE: [ethernet(0x0800, ipv4(47, Buffer.concat([NVGRE, INNER]))), 0x12347],
};

for (const [name, [packet, vni]] of Object.entries(PACKETS))
  test(`${name}: the network, and where the frame inside begins`, () => {
    const innerHeaderOffset = packet.indexOf(INNER);
    assert.ok(innerHeaderOffset > 0);
    assert.deepEqual(recordsOf(packet), [
      [1028, { innerHeaderOffset }],
      [1030, { vni }],
    ]);
    assert.deepEqual(recordsOf(packet, {}, source({ direction: 'egress' })), [
      [1027, { innerHeaderOffset }],
      [1029, { vni }],
    ]);
  });

test('a raw IP device, where the packet begins with its IP header', () => {
  const packet = ipv4(17, vxlan);
  assert.deepEqual(recordsOf(packet, {}, source({ linkType: 'ip' })), [
    [1028, { innerHeaderOffset: 20 + 8 + 8 }],
    [1030, { vni: 0x12345 }],
  ]);
});

test('an offset that the header bytes do not reach is not told, nor behind extension headers, nor of tunnels in tunnels', () => {
  const vni = [[1030, { vni: 0x12345 }]];
  const packet = PACKETS['VXLAN in IPv6']![0];
  assert.equal(packet.indexOf(INNER), 70);
  assert.deepEqual(recordsOf(packet, { headerBytes: 70 }), vni);
  assert.equal(recordsOf(packet, { headerBytes: 71 }).length, 2);
  assert.deepEqual(recordsOf(ethernet(0x86dd, ipv6(60, Buffer.concat([extension(17), vxlan])))), vni);
  assert.deepEqual(recordsOf(ethernet(0x0800, ipv4(4, ipv4(17, vxlan)))), vni);
});

test('packets of no tunnel, of one without a network, and cut ones have no record', () => {
  const ipip = ethernet(0x0800, ipv4(4, ipv4(17, udpTo(53, Buffer.alloc(20)))));
  for (const packet of [INNER, ipip, ethernet(0x0806, Buffer.alloc(40)), Buffer.alloc(0)])
    assert.deepEqual(recordsOf(packet), []);
  const [whole] = PACKETS['Geneve with options']!;
  for (let bytes = 0; bytes < whole.length; bytes++) assert.ok(recordsOf(whole.subarray(0, bytes)).length <= 2);
  assert.deepEqual(recordsOf(whole, { tunnels: false }), []);
});
