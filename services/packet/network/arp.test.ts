import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress } from '../address.ts';
import { Layer, Stop } from '../decode.ts';
import { bits, decode } from '../testing/decode.ts';
import { ethernet, hex } from '../testing/frames.ts';

test('sender and target protocol address are the addresses', () => {
  const out = decode(
    ethernet(0x0806, hex('0001 0800 06 04 0002 0200000000aa c0000201 0200000000bb c0000202'), Buffer.alloc(18)),
  );
  assert.equal(out.stop, Stop.complete);
  assert.equal(out.stopLayer, Layer.arp);
  assert.equal(out.layers, bits(Layer.ethernet, Layer.arp));
  assert.equal(formatAddress(out.srcAddress), '192.0.2.1');
  assert.equal(formatAddress(out.dstAddress), '192.0.2.2');
  assert.deepEqual([out.etherType, out.protocol, out.ipBytes], [0x0806, 0, 0]);
});

test('other hardware or another protocol is unsupported', () => {
  for (const head of ['0006 0800 06 04', '0001 86dd 06 10']) {
    const out = decode(ethernet(0x0806, hex(`${head} 0001`), Buffer.alloc(20)));
    assert.deepEqual([out.stop, out.stopLayer], [Stop.unsupported, Layer.arp]);
    assert.deepEqual(out.srcAddress, Buffer.alloc(16));
  }
});

test('address lengths that do not fit their type are malformed', () => {
  for (const head of ['0001 0800 30 04', '0001 0800 06 10'])
    assert.equal(decode(ethernet(0x0806, hex(`${head} 0001`), Buffer.alloc(20))).stop, Stop.malformed);
});
