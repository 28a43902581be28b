import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { seededRandom } from './testing/random.ts';
import { createZstdCompressor, createZstdDecompressor } from './zstd.ts';

test('each call gives one whole frame of its own parts, also when calls overlap', async () => {
  const random = seededRandom(7);
  const { compress } = createZstdCompressor(1);
  const inputs = Array.from({ length: 300 }, () =>
    Array.from({ length: random.below(5) }, () => {
      const bytes = random.chance(80) ? random.below(2000) : random.below(600_000);
      return random.chance(50) ? randomBytes(bytes) : Buffer.alloc(bytes, 'abcdefg');
    }),
  );
  const frames = await Promise.all(inputs.map((parts) => compress(parts)));
  for (const [index, frame] of frames.entries()) {
    const whole = Buffer.concat(inputs[index] as Buffer[]);
    assert.ok(zstdDecompressSync(frame).equals(whole), `input ${index} of ${whole.length} bytes`);
  }
});

test('frames of any ratio, one after the other and at once, come out whole; what is no frame is refused', async () => {
  const random = seededRandom(8);
  const { compress } = createZstdCompressor(1);
  const decompress = createZstdDecompressor();
  const inputs = Array.from({ length: 200 }, () => {
    const bytes = random.chance(80) ? random.below(3000) : random.below(2_000_000);
    return random.chance(50) ? randomBytes(bytes) : Buffer.alloc(bytes, 'abcdefg');
  });
  const frames = await Promise.all(inputs.map((input) => compress([input])));
  const outputs = await Promise.all(frames.map(decompress));
  for (const [index, output] of outputs.entries()) assert.ok(output.equals(inputs[index] as Buffer), `input ${index}`);
  await assert.rejects(decompress(Buffer.from('not zstd')));
});
