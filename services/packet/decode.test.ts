// Promises that hold for every input: nothing is read past the capture, nothing throws, nothing stays from before.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDecodedHeader, type DecodedHeader, decodeHeader, Layer, Stop } from './decode.ts';
import { corpus } from './testing/corpus.ts';
import { decode } from './testing/decode.ts';
import type { Fixture } from './testing/fixture.ts';
import { isPlausible } from './testing/plausible.ts';

for (const { name, frame, needs, stop, linkType = 'ethernet', shortIsUnknown } of corpus) {
  test(`every prefix of "${name}" says truncated when the frame went on and malformed when it did not`, () => {
    for (let length = 0; length <= frame.length; length++) {
      const cut = decode(frame.subarray(0, length), { linkType, frameBytes: frame.length });
      assert.equal(cut.stop, length < needs ? Stop.truncated : stop, `captured ${length} bytes`);
      // A UDP length, TCP offset or IP length may point behind a frame that ends too early: no header is missing then.
      const short = decode(frame.subarray(0, length), { linkType });
      if (shortIsUnknown && short.stop === Stop.unsupported) continue;
      assert.equal(short.stop, length < needs ? Stop.malformed : stop, `frame of ${length} bytes`);
    }
  });

  test(`bytes behind the capture of "${name}" make no difference`, () => {
    for (let length = 0; length <= frame.length; length++) {
      const alone = decode(frame.subarray(0, length), { linkType, frameBytes: frame.length });
      assert.deepEqual(decode(frame, { linkType, length }), alone);
      for (const filler of [0x00, 0xff]) {
        const padded = Buffer.concat([frame.subarray(0, length), Buffer.alloc(200, filler)]);
        assert.deepEqual(decode(padded, { linkType, length, frameBytes: frame.length }), alone);
      }
    }
  });
}

test('a frame decodes the same at any offset of a buffer', () => {
  const out = createDecodedHeader();
  for (const { frame, linkType = 'ethernet' } of corpus) {
    const memory = Buffer.concat([Buffer.alloc(37, 0xff), frame, Buffer.alloc(9, 0xff)]);
    decodeHeader(memory, 37, frame.length, linkType, 0, frame.length, out);
    if (out.payloadAt >= 0) {
      out.payloadAt -= 37;
      out.payloadEnd -= 37;
    }
    assert.deepEqual(withoutStaleLabels(out), decode(frame, { linkType }));
  }
});

test('a record that is used again keeps nothing of the packet before', () => {
  const out = createDecodedHeader();
  const fullest = corpus.find(({ name }) => name === 'four tunnels') as { frame: Buffer };
  for (const { frame, linkType = 'ethernet' } of corpus)
    for (let length = 0; length <= frame.length; length++) {
      decodeHeader(fullest.frame, 0, fullest.frame.length, 'ethernet', 0, fullest.frame.length, out);
      const { fields } = out;
      for (const name of Object.keys(out) as (keyof DecodedHeader)[])
        if (typeof out[name] === 'number') Object.assign(out, { [name]: 99 });
      out.moreFragments = true;
      // What the record says it holds stays true: it is filled by decodeHeader() alone.
      out.fields = fields;
      out.srcAddress.fill(0xaa);
      out.dstAddress.fill(0xbb);
      decodeHeader(frame, 0, length, linkType, 0, frame.length, out);
      assert.deepEqual(withoutStaleLabels(out), decode(frame, { linkType, length, frameBytes: frame.length }));
    }
});

test('no change of a single byte throws or leaves a field outside its range', () => {
  const out = createDecodedHeader();
  for (const { name, frame, linkType = 'ethernet' } of corpus) {
    const mutant = Buffer.from(frame);
    for (let at = 0; at < frame.length; at++) {
      for (let value = 0; value < 256; value++) {
        mutant[at] = value;
        decodeHeader(mutant, 0, mutant.length, linkType, 0, mutant.length, out);
        if (!isPlausible(out, mutant.length))
          assert.fail(`${name}: byte ${at} = ${value} gives ${JSON.stringify(out)}`);
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
    if (!isPlausible(out, noise.length))
      assert.fail(`round ${round}: ${noise.toString('hex')} gives ${JSON.stringify(out)}`);
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
      const { frame, linkType = 'ethernet' } = corpus[i % corpus.length] as Fixture;
      decodeHeader(frame, 0, frame.length, linkType, 0, frame.length, out);
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

/** Labels beyond the depth are of packets before: nobody is to read them. */
function withoutStaleLabels(out: DecodedHeader): DecodedHeader {
  out.mplsLabels.fill(0, out.mplsDepth);
  return out;
}
