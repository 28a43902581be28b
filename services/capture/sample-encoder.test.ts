import assert from 'node:assert/strict';
import { test } from 'node:test';
import avro from 'avsc';
import { writeLong } from './sample-encoder.ts';

const long = avro.Type.forSchema('long');

test('numbers are written as avsc writes longs, at every length and of both signs', () => {
  const bytes = Buffer.alloc(16);
  for (let bits = 0; bits < 53; bits++)
    for (const near of [-1, 0, 1])
      for (const sign of [1, -1]) {
        const value = sign * Math.max(0, Math.min(2 ** bits + near, Number.MAX_SAFE_INTEGER - 1));
        const end = writeLong(bytes, 0, value);
        assert.equal(bytes.toString('hex', 0, end), long.toBuffer(value).toString('hex'), `${value}`);
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
