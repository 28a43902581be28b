import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, formatMac, parseAddress } from './address.ts';
import { hex } from './testing/frames.ts';

test('IPv4-mapped addresses are written as IPv4', () => {
  assert.equal(formatAddress(hex('00000000000000000000ffff c0000201')), '192.0.2.1');
  assert.equal(formatAddress(hex('00000000000000000000ffff 00000000')), '0.0.0.0');
});

test('IPv6 addresses are written as RFC 5952 says', () => {
  for (const [bytes, text] of [
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['20010db8000000000000000000000000', '2001:db8::'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'], // first of two equal runs
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'], // one zero group stays
    ['20010000000000010000000000000001', '2001:0:0:1::1'], // the longer run
    ['0000000000000000fffe000000000001', '::fffe:0:0:1'],
    ['ABCDEF01234567890abcdef012345678', 'abcd:ef01:2345:6789:abc:def0:1234:5678'],
  ] as const)
    assert.equal(formatAddress(hex(bytes)), text);
});

test('formatting agrees with the URL parser, and parsing reads it back', () => {
  let random = 7;
  const next = (): number => {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    return random >>> 16;
  };
  for (let round = 0; round < 5000; round++) {
    const address = Buffer.alloc(16);
    for (let group = 0; group < 8; group++) if (next() % 2) address.writeUInt16BE(next() % 0x10000, group * 2);
    if (address[0] === 0) address[0] = 0x20; // no IPv4 inside
    const full = (address.toString('hex').match(/.{4}/g) as string[]).join(':');
    const text = formatAddress(address);
    assert.equal(`[${text}]`, new URL(`http://[${full}]/`).hostname);
    assert.deepEqual(parseAddress(text), address);
    assert.deepEqual(parseAddress(full.toUpperCase()), address);
  }
});

test('parsing accepts every notation and nothing else', () => {
  const mapped = hex('00000000000000000000ffffc0000201');
  assert.deepEqual(parseAddress('192.0.2.1'), mapped);
  assert.deepEqual(parseAddress('::ffff:192.0.2.1'), mapped);
  assert.deepEqual(parseAddress('::FFFF:c000:0201'), mapped);
  assert.deepEqual(parseAddress('64:ff9b::192.0.2.33'), hex('0064ff9b0000000000000000c0000221'));
  assert.deepEqual(parseAddress('::'), Buffer.alloc(16));
  assert.deepEqual(parseAddress('1::'), hex('00010000000000000000000000000000'));
  assert.deepEqual(parseAddress('1:2:3:4:5:6:7::'), hex('00010002000300040005000600070000'));
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    ':::',
    '1::2::3',
    'fe80::1%eth0',
    '12345::',
    'host',
    ' ::1',
  ])
    assert.equal(parseAddress(text), undefined, text);
});

test('MAC addresses are written as six pairs', () => {
  assert.equal(formatMac(0x0200000000aa), '02:00:00:00:00:aa');
  assert.equal(formatMac(0xffffffffffff), 'ff:ff:ff:ff:ff:ff');
  assert.equal(formatMac(0), '00:00:00:00:00:00');
});
