// Promises that hold for every input: nothing is read past the capture, nothing throws, nothing stays from before.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDecodedHeader, type DecodedHeader, decodeHeader, Layer, Stop } from './decode.ts';
import { corpus } from './testing/corpus.ts';
import { decode } from './testing/decode.ts';

for (const { name, frame, needs, stop } of corpus) {
  test(`every prefix of "${name}" says truncated when the frame went on and malformed when it did not`, () => {
    for (let length = 0; length <= frame.length; length++) {
      const cut = decode(frame.subarray(0, length), { frameBytes: frame.length });
      assert.equal(cut.stop, length < needs ? Stop.truncated : stop, `captured ${length} bytes`);
      // A UDP length, TCP offset or IP length may point behind a frame that ends too early: no header is missing then.
      const short = decode(frame.subarray(0, length));
      assert.equal(short.stop, length < needs ? Stop.malformed : stop, `frame of ${length} bytes`);
    }
  });

  test(`bytes behind the capture of "${name}" make no difference`, () => {
    for (let length = 0; length <= frame.length; length++) {
      const alone = decode(frame.subarray(0, length), { frameBytes: frame.length });
      assert.deepEqual(decode(frame, { length }), alone);
      for (const filler of [0x00, 0xff]) {
        const padded = Buffer.concat([frame.subarray(0, length), Buffer.alloc(200, filler)]);
        assert.deepEqual(decode(padded, { length, frameBytes: frame.length }), alone);
      }
    }
  });
}

test('a frame decodes the same at any offset of a buffer', () => {
  const out = createDecodedHeader();
  for (const { frame } of corpus) {
    const memory = Buffer.concat([Buffer.alloc(37, 0xff), frame, Buffer.alloc(9, 0xff)]);
    decodeHeader(memory, 37, frame.length, 'ethernet', 0, frame.length, out);
    assert.deepEqual(out, decode(frame));
  }
});

test('a record that is used again keeps nothing of the packet before', () => {
  const out = createDecodedHeader();
  for (const { frame } of corpus)
    for (let length = 0; length <= frame.length; length++) {
      for (const name of Object.keys(out) as (keyof DecodedHeader)[])
        if (typeof out[name] === 'number') Object.assign(out, { [name]: 99 });
      out.moreFragments = true;
      out.srcAddress.fill(0xaa);
      out.dstAddress.fill(0xbb);
      decodeHeader(frame, 0, length, 'ethernet', 0, frame.length, out);
      assert.deepEqual(out, decode(frame, { length, frameBytes: frame.length }));
    }
});

test('no change of a single byte throws or leaves a field outside its range', () => {
  const out = createDecodedHeader();
  for (const { name, frame } of corpus) {
    const mutant = Buffer.from(frame);
    for (let at = 0; at < frame.length; at++) {
      for (let value = 0; value < 256; value++) {
        mutant[at] = value;
        for (const linkType of ['ethernet', 'ip'] as const)
          decodeHeader(mutant, 0, mutant.length, linkType, 0, mutant.length, out);
        decodeHeader(mutant, 0, mutant.length, 'ethernet', 0, mutant.length, out);
        if (!isPlausible(out)) assert.fail(`${name}: byte ${at} = ${value} gives ${JSON.stringify(out)}`);
      }
      mutant[at] = frame[at] as number;
    }
  }
});

test('random bytes behind each start do not throw and stay in range', () => {
  const out = createDecodedHeader();
  let random = 42;
  const noise = Buffer.alloc(160);
  for (let round = 0; round < 50_000; round++) {
    for (let i = 0; i < noise.length; i++) {
      random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
      noise[i] = random >>> 24;
    }
    const length = random % noise.length;
    // Behind an IP version that is right: noise alone rarely gets past it.
    const etherType = round % 2 ? 0x0800 : 0x86dd;
    noise[0] = round % 2 ? 0x45 : 0x60;
    decodeHeader(noise, 0, length, 'ip', etherType, length + (round % 3) * 500, out);
    if (!isPlausible(out)) assert.fail(`round ${round}: ${noise.toString('hex')} gives ${JSON.stringify(out)}`);
  }
});

test('a length that is longer than the buffer is no reason to read behind it', () => {
  const frame = corpus[0]?.frame as Buffer;
  const out = decode(frame.subarray(0, 30), { length: 60, frameBytes: 60 });
  assert.deepEqual([out.stop, out.stopLayer], [Stop.truncated, Layer.ipv4]);
});

test('decoding allocates nothing per packet', () => {
  const out = createDecodedHeader();
  const packets = 100_000;
  const decodeMany = (): void => {
    for (let i = 0; i < packets; i++) {
      const { frame } = corpus[i % corpus.length] as { frame: Buffer };
      decodeHeader(frame, 0, frame.length, 'ethernet', 0, frame.length, out);
    }
  };
  // Until compiled, V8 itself allocates; a collection in between makes a figure negative, so the median counts.
  for (let i = 0; i < 10; i++) decodeMany();
  const bytesPerPacket = Array.from({ length: 9 }, () => {
    const before = process.memoryUsage().heapUsed;
    decodeMany();
    return (process.memoryUsage().heapUsed - before) / packets;
  }).sort((a, b) => a - b);
  // The smallest object takes 16 bytes.
  assert.ok((bytesPerPacket[4] as number) < 1, `${bytesPerPacket.map((n) => n.toFixed(2)).join(' ')} bytes per packet`);
});

function isPlausible(out: DecodedHeader): boolean {
  const within = (value: number, max: number): boolean => Number.isInteger(value) && value >= 0 && value <= max;
  return (
    [out.vlanId, out.innerVlanId].every((id) => within(id, 0xfff)) &&
    [out.srcPort, out.dstPort, out.etherType].every((value) => within(value, 0xffff)) &&
    [out.protocol, out.ttl, out.icmpType, out.icmpCode].every((value) => within(value, 0xff)) &&
    [out.srcMac, out.dstMac].every((mac) => within(mac, 0xffffffffffff)) &&
    within(out.stop, 3) &&
    within(out.stopLayer, 16) &&
    within(out.layers, 0x1ffff) &&
    within(out.dscp, 63) &&
    within(out.ecn, 3) &&
    within(out.flowLabel, 0xfffff) &&
    within(out.fragmentOffset, 65528) &&
    within(out.tcpFlags, 0x1ff) &&
    within(out.l2Bytes, 30) &&
    within(out.ipBytes, 40 + 0xffff)
  );
}
