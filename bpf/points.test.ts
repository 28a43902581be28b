import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeEndpoint, encodePoint, skipScale } from './points.ts';

const options = { headerBytes: 128, directions: ['ingress'] as const };

test('the scale of skips is -1 / ln(1 - 1/N) to a millionth, for every rate', () => {
  for (const rate of [2, 3, 7, 10, 1000, 4096, 1_000_000, 2 ** 31 - 1, 2 ** 32 - 1]) {
    const { mantissa, shift } = skipScale(rate);
    assert.ok(Number.isInteger(mantissa) && mantissa > 0 && mantissa < 2 ** 32 && shift >= 0 && shift < 64);
    const scale = mantissa * 2 ** (20 - shift);
    // -1 / ln(1 - 1/N) = N - 1/2 - 1/(12 N) - … (series expansion).
    const expected = rate > 100 ? rate - 0.5 - 1 / (12 * rate) : -1 / Math.log(1 - 1 / rate);
    assert.ok(Math.abs(scale / expected - 1) < 1e-6, `1:${rate}: ${scale}, expected ${expected}`);
  }
});

test('a point has its fields where sample.h has them; a direction that is not sampled has rate 0', () => {
  const all = { ...options, rate: 1000, l3: true, fib: true, skipOwn: true, loopback: true, ownMark: 77 };
  const point = encodePoint(all, true);
  assert.deepEqual(
    [0, 4, 8, 12].map((at) => point.readUInt32LE(at)),
    [1000, 128, 15, 77],
  );
  assert.equal(encodePoint(all, false).readUInt32LE(0), 0);
});

test('rates and header lengths that the kernel program cannot use are refused', () => {
  for (const rate of [0, -1, 1.5, 2 ** 32]) assert.throws(() => encodePoint({ ...options, rate }, true), RangeError);
  for (const headerBytes of [0, 257])
    assert.throws(() => encodePoint({ ...options, rate: 1, headerBytes }, true), RangeError);
});

test('an endpoint is address, port in network order, protocol', () => {
  const address = Buffer.from('00000000000000000000ffffc0000201', 'hex');
  assert.equal(
    encodeEndpoint({ address, port: 9092, protocol: 'tcp' }).toString('hex'),
    `${address.toString('hex')}23840600`,
  );
  assert.equal(encodeEndpoint({ address, port: 6343, protocol: 'udp' }).toString('hex', 16), '18c71100');
});
