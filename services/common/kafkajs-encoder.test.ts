import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import './kafkajs.ts';
import { type Encoder, partsOf } from './kafkajs-encoder.ts';
import { seededRandom } from './testing/random.ts';

const KafkaEncoder = createRequire(import.meta.url)('kafkajs/src/protocol/encoder') as new () => Encoder & {
  writeInt8(value: number): Encoder;
  writeInt64(value: number): Encoder;
  writeString(value: string): Encoder;
  writeVarIntBytes(value: Buffer): Encoder;
};

/** Writes the same into an encoder and into an array of the bytes as they should be. */
function fill(random: ReturnType<typeof seededRandom>, depth: number): { encoder: Encoder; expected: Buffer } {
  const encoder = new KafkaEncoder();
  const expected: Buffer[] = [];
  for (let step = 0; step < 12; step++) {
    const kind = random.below(depth > 0 ? 6 : 4);
    if (kind === 0) {
      const value = random.below(100);
      encoder.writeInt8(value);
      expected.push(Buffer.from([value]));
    } else if (kind === 1) {
      const value = random.below(2 ** 31);
      encoder.writeInt32(value);
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(value);
      expected.push(bytes);
    } else if (kind === 2) {
      const text = 'x'.repeat(random.below(2000));
      encoder.writeString(text);
      const length = Buffer.alloc(2);
      length.writeInt16BE(text.length);
      expected.push(length, Buffer.from(text));
    } else if (kind === 3) {
      const value = random.bytes(random.chance(50) ? random.below(100) : random.below(5000));
      encoder.writeBytes(value);
      const length = Buffer.alloc(4);
      length.writeInt32BE(value.length);
      expected.push(length, value);
    } else {
      const inner = [fill(random, depth - 1), fill(random, depth - 1)];
      if (kind === 4) encoder.writeEncoderArray(inner.map((each) => each.encoder));
      else for (const each of inner) encoder.writeEncoder(each.encoder);
      expected.push(...inner.map((each) => each.expected));
    }
    // Asking for the bytes in between changes nothing.
    if (random.chance(10)) assert.ok(encoder.buffer.equals(Buffer.concat(expected)));
  }
  return { encoder, expected: Buffer.concat(expected) };
}

test('whatever is written, nested and large, comes out in order, and its size is known before', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { encoder, expected } = fill(seededRandom(seed), 3);
    assert.equal(encoder.size(), expected.length, `seed ${seed}`);
    assert.ok(Buffer.concat(partsOf(encoder)).equals(expected), `seed ${seed}`);
    assert.ok(encoder.buffer.equals(expected), `seed ${seed}`);
    assert.equal(encoder.size(), expected.length, `seed ${seed}`);
  }
});

test('a large buffer is not copied', () => {
  const value = Buffer.alloc(10_000, 1);
  const encoder = new KafkaEncoder().writeVarIntBytes(value);
  assert.ok(partsOf(encoder).includes(value));
});
