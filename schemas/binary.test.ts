import assert from 'node:assert/strict';
import { test } from 'node:test';
import avro from 'avsc';
import { longBytes, readLong, writeLong } from './binary.ts';

const long = avro.Type.forSchema('long');

/** Around every power of two, of both signs. */
function* numbers(): Generator<number> {
  for (let bits = 0; bits < 53; bits++)
    for (const near of [-1, 0, 1])
      for (const sign of [1, -1]) yield sign * Math.max(0, Math.min(2 ** bits + near, Number.MAX_SAFE_INTEGER - 1));
}

test('numbers are written as avsc writes longs, at every length and of both signs, and read again', () => {
  const bytes = Buffer.alloc(16);
  for (const value of numbers()) {
    const end = writeLong(bytes, 0, value);
    assert.equal(bytes.toString('hex', 0, end), long.toBuffer(value).toString('hex'), `${value}`);
    assert.equal(longBytes(value), end);
    // avsc's own writing ends at 2^52; what lies between comes back to within one.
    const reader = { bytes, at: 0 };
    const read = readLong(reader);
    if (Math.abs(value) < 2 ** 52) assert.equal(read, value === 0 ? 0 : value);
    assert.equal(reader.at, end);
  }
});

test('the first numbers are those of the Avro specification', () => {
  const bytes = Buffer.alloc(16);
  for (const [value, hex] of [
    [0, '00'],
    [-1, '01'],
    [1, '02'],
    [-2, '03'],
    [2, '04'],
    [-64, '7f'],
    [64, '8001'],
  ] as const)
    assert.equal(bytes.toString('hex', 0, writeLong(bytes, 0, value)), hex, `${value}`);
});

test('a varint without end, or cut short, ends', () => {
  const endless = { bytes: Buffer.alloc(100, 0xff), at: 0 };
  readLong(endless);
  assert.equal(endless.at, 10);
  const cut = { bytes: Buffer.from([0x80]), at: 0 };
  assert.equal(readLong(cut), 0);
  assert.ok(cut.at > cut.bytes.length);
});
