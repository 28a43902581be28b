import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { seededRandom } from './testing/random.ts';
import { createZstdCompressor } from './zstd.ts';

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
