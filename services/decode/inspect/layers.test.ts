import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTunnelPorts, Layer } from '@tcxflow/packet/decode.ts';
import { corpus } from '@tcxflow/packet/testing/corpus.ts';
import {
  ethernet,
  extension,
  hex,
  innerEthernet,
  ipv4,
  ipv6,
  label,
  tag,
  tcp,
  udpTo,
} from '@tcxflow/packet/testing/frames.ts';
import { builtInServices, parseServiceNames } from '../enrich/service-names.ts';
import { formatExplanation } from './explain.ts';
import { explainPacket } from './layers.ts';

const ports = createTunnelPorts();

test('each header has its bytes and what it told, also the second of a kind', () => {
  const inner = innerEthernet(0x86dd, ipv6(0, Buffer.concat([extension(6), tcp(0x5012)])));
  const vxlan = Buffer.concat([hex('08000000 00123400'), inner]);
  const labels = Buffer.concat([label(16, false), label(17, true)]);
  const packet = ethernet(0x8100, tag(5, 0x8847, labels, ipv4(17, udpTo(4789, vxlan))));
  const { steps, header } = explainPacket(packet, 'ethernet', packet.length, ports);
  assert.deepEqual(
    steps.map(({ layer, start, end }) => `${layer} ${start} ${end}`),
    [
      'ethernet 0 14',
      'vlan 14 18',
      'mpls 18 22',
      'mpls 22 26',
      'ipv4 26 46',
      'udp 46 54',
      'vxlan 54 62',
      'ethernet 62 76',
      'ipv6 76 116',
      'ipv6Extension 116 124',
      'tcp 124 144',
    ],
  );
  assert.deepEqual(steps[5]?.fields, { srcPort: 49152, dstPort: 4789 });
  assert.equal(steps[6]?.fields['tunnel.id'], 0x1234);
  assert.deepEqual(steps[7]?.fields, {
    'tunnel.innerSrcMac': '02:00:00:00:00:cc',
    'tunnel.innerDstMac': '02:00:00:00:00:dd',
  });
  assert.equal(header.stopLayer, Layer.tcp);
  const text = formatExplanation(packet, { steps, header }, parseServiceNames(builtInServices));
  assert.match(text, /^vxlan {10}54–61 {5}08 00 00 00 00 12 34 00$/m);
  assert.match(text, /^complete at tcp$/m);
});

test('headers follow each other without a gap, in any packet and however it is cut', () => {
  for (const { name, frame } of corpus)
    for (const bytes of [frame.length, frame.length >> 1, 20]) {
      const { steps } = explainPacket(frame.subarray(0, bytes), 'ethernet', frame.length, ports);
      let at = 0;
      for (const { start, end } of steps) {
        assert.equal(start, at, name);
        assert.ok(end > start && end <= bytes, name);
        at = end;
      }
    }
});
