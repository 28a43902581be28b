import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { formatAddress, parseAddress } from '@tcxflow/packet/address.ts';
import { createAnonymizer, parseKey } from './anonymize.ts';

/** Key and IPv4 addresses of the sample trace that comes with the authors' reference implementation (Crypto-PAn 1.0). */
const referenceKey = Buffer.from([
  21, 34, 23, 141, 51, 164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16, 216, 152, 143, 131, 121, 121, 101, 39, 98, 87,
  76, 45, 42, 132, 34, 2,
]);
const referenceTrace = `
128.11.68.132 135.242.180.132   129.118.74.4 134.136.186.123      130.132.252.244 133.68.164.234
141.223.7.43 141.167.8.160      141.233.145.108 141.129.237.235   152.163.225.39 151.140.114.167
156.29.3.236 147.225.12.42      165.247.96.84 162.9.99.234        166.107.77.190 160.132.178.185
192.102.249.13 252.138.62.131   192.215.32.125 252.43.47.189      192.233.80.103 252.25.108.8
192.41.57.43 252.222.221.184    193.150.244.223 253.169.52.216    195.205.63.100 255.186.223.5
198.200.171.101 249.199.68.213  198.26.132.101 249.36.123.202     198.36.213.5 249.7.21.132
198.51.77.238 249.18.186.254    199.217.79.101 248.38.184.213     202.49.198.20 245.206.7.234
203.12.160.252 244.248.163.4    204.184.162.189 243.192.77.90     204.202.136.230 243.178.4.198
204.29.20.4 243.33.20.123       205.178.38.67 242.108.198.51      205.188.147.153 242.96.16.101
207.105.49.5 241.118.205.138    208.147.89.59 227.237.98.191      209.12.231.7 226.243.167.8
212.120.124.31 228.135.163.231  216.148.237.145 235.84.194.111    24.0.250.221 100.15.198.226
38.15.67.68 64.3.66.187         4.3.88.225 124.60.155.63          63.14.55.111 95.9.215.7
64.14.118.196 0.255.183.58      64.34.154.117 0.221.154.117       64.39.15.238 0.219.7.41`;

function anonymized(text: string, key = referenceKey): string {
  const bytes = Buffer.concat([Buffer.alloc(2, 7), parseAddress(text) as Buffer]);
  createAnonymizer(key).apply(bytes, 2);
  assert.equal(bytes.readUInt16BE(0), 0x0707);
  return formatAddress(bytes.subarray(2));
}

test('IPv4 addresses become what the reference implementation makes of them', () => {
  const words = referenceTrace.trim().split(/\s+/);
  assert.equal(words.length, 78);
  for (let i = 0; i < words.length; i += 2) assert.equal(anonymized(words[i] as string), words[i + 1]);
});

test('IPv6 addresses become what other implementations of the same scheme make of them (yacryptopan)', () => {
  for (const [address, expected] of [
    ['::1', '78ff:f001:9fc0:20df:8380:b1f1:704:ed'],
    ['::2', '78ff:f001:9fc0:20df:8380:b1f1:704:ef'],
    ['::ffff', '78ff:f001:9fc0:20df:8380:b1f1:704:f838'],
    ['2001:db8::1', '4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e'],
    ['2001:db8::2', '4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1c'],
  ] as const)
    assert.equal(anonymized(address), expected);
});

test('addresses that share n bits share n bits afterwards, and no more', () => {
  for (let seed = 1; seed <= 500; seed++) {
    const random = seededRandom(seed);
    const anonymizer = createAnonymizer(random.bytes(32));
    const mapped = random.chance(50);
    const first = random.bytes(16);
    if (mapped) Buffer.from('00000000000000000000ffff', 'hex').copy(first);
    const second = Buffer.from(first);
    const bit = mapped ? 96 + random.below(32) : random.below(128);
    second[bit >> 3] = (second[bit >> 3] as number) ^ (0x80 >> (bit & 7));
    for (let i = (bit >> 3) + 1; i < 16; i++) second[i] = random.below(256);
    for (const address of [first, second]) anonymizer.apply(address, 0);
    assert.equal(sharedBits(first, second), bit, `seed ${seed}`);
    if (mapped) assert.equal(first.toString('hex', 0, 12), '00000000000000000000ffff');
  }
});

function sharedBits(a: Buffer, b: Buffer): number {
  for (let bit = 0; bit < 128; bit++)
    if ((((a[bit >> 3] as number) ^ (b[bit >> 3] as number)) & (0x80 >> (bit & 7))) !== 0) return bit;
  return 128;
}

test('no address stays no address; IPv4 zero is an address', () => {
  assert.equal(anonymized('::'), '::');
  assert.notEqual(anonymized('0.0.0.0'), '0.0.0.0');
  assert.match(anonymized('0.0.0.0'), /^\d+\.\d+\.\d+\.\d+$/);
});

test('a key is 32 bytes or 64 hexadecimal digits; anything else is refused', () => {
  assert.deepEqual(parseKey(referenceKey), referenceKey);
  assert.deepEqual(parseKey(Buffer.from(`${referenceKey.toString('hex').toUpperCase()}\n`)), referenceKey);
  for (const content of ['', 'secret', 'z'.repeat(64), '00'.repeat(31), '0'.repeat(5000)])
    assert.throws(() => parseKey(Buffer.from(content)), /neither 32 bytes/);
});
