import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Layer, Stop } from '../decode.ts';
import { bits, decode } from '../testing/decode.ts';
import { ethernet, hex, ipv4, tag, udp } from '../testing/frames.ts';

const packet = ipv4(17, udp());

test('the VLAN id is 12 bits; priority and drop eligibility are left out', () => {
  const out = decode(ethernet(0x8100, tag(0xf064, 0x0800, packet)));
  assert.equal(out.stop, Stop.complete);
  assert.deepEqual([out.vlanId, out.innerVlanId, out.etherType, out.l2Bytes], [100, 0, 0x0800, 18]);
  assert.equal(out.layers, bits(Layer.ethernet, Layer.vlan, Layer.ipv4, Layer.udp));
});

test('all three tag protocol identifiers open a tag', () => {
  for (const outer of [0x8100, 0x88a8, 0x9100]) {
    const out = decode(ethernet(outer, tag(10, 0x8100, tag(20, 0x0800, packet))));
    assert.deepEqual([out.vlanId, out.innerVlanId, out.l2Bytes, out.dstPort], [10, 20, 22, 53]);
  }
});

test('of four tags the outer two are kept', () => {
  const out = decode(ethernet(0x88a8, tag(1, 0x8100, tag(2, 0x8100, tag(3, 0x9100, tag(4, 0x0800, packet))))));
  assert.equal(out.stop, Stop.complete);
  assert.deepEqual([out.vlanId, out.innerVlanId, out.l2Bytes, out.dstPort], [1, 2, 30, 53]);
});

test('a fifth tag is unsupported', () => {
  const four = tag(1, 0x8100, tag(2, 0x8100, tag(3, 0x8100, tag(4, 0x8100, tag(5, 0x0800, packet)))));
  const out = decode(ethernet(0x8100, four));
  assert.equal(out.stop, Stop.unsupported);
  assert.equal(out.stopLayer, Layer.vlan);
  assert.deepEqual([out.vlanId, out.innerVlanId, out.etherType], [1, 2, 0]);
});

test('a tag that is cut leaves what stood before', () => {
  const frame = ethernet(0x8100, tag(7, 0x8100, tag(8, 0x0800, packet)));
  const out = decode(frame, { length: 20 });
  assert.equal(out.stop, Stop.truncated);
  assert.equal(out.stopLayer, Layer.vlan);
  assert.deepEqual([out.vlanId, out.innerVlanId], [7, 0]);
});

test('a length behind a tag is an 802.3 frame', () => {
  const out = decode(ethernet(0x8100, tag(7, 100, hex('424203'), Buffer.alloc(97))));
  assert.deepEqual([out.stop, out.stopLayer, out.vlanId], [Stop.unsupported, Layer.network, 7]);
  assert.equal(out.layers, bits(Layer.ethernet, Layer.vlan, Layer.llc));
});
