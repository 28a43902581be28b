import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { parseAddress } from '@tcxflow/packet/address.ts';
import { createPrefixTable, type Prefix } from './networks.ts';
import { parseNetworks } from './networks-file.ts';

function nameOf(text: string, address: string): string {
  const { table, rows } = parseNetworks(text);
  return rows[table.lookup(parseAddress(address) as Buffer, 0) - 1]?.name ?? '-';
}

test('the longest prefix that has the address counts, of IPv4 and of IPv6', () => {
  const file = `prefix,name
10.0.0.0/8,ten
10.1.0.0/16,ten-one
10.1.0.0/24,ten-one-zero
10.1.255.255,one host
2001:db8::/32,doc
2001:db8:1::/48,doc-one
2001:db8:ffff:ffff:ffff:ffff:ffff:ffff/128,last`;
  for (const [address, name] of [
    ['9.255.255.255', '-'],
    ['10.0.0.0', 'ten'],
    ['10.1.0.255', 'ten-one-zero'],
    ['10.1.1.0', 'ten-one'],
    ['10.1.255.254', 'ten-one'],
    ['10.1.255.255', 'one host'],
    ['10.2.0.0', 'ten'],
    ['10.255.255.255', 'ten'],
    ['11.0.0.0', '-'],
    ['2001:db7:ffff:ffff:ffff:ffff:ffff:ffff', '-'],
    ['2001:db8::', 'doc'],
    ['2001:db8:1:ffff::1', 'doc-one'],
    ['2001:db8:2::', 'doc'],
    ['2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', 'last'],
    ['2001:db9::', '-'],
  ] as const)
    assert.equal(nameOf(file, address), name, address);
});

test('a prefix of length 0 has all of its family and nothing of the other, at both ends', () => {
  const file = 'prefix,name\n0.0.0.0/0,four\n::/0,six\n255.255.255.255/32,end4\nffff::/16,end6';
  for (const [address, name] of [
    ['0.0.0.0', 'four'],
    ['192.0.2.1', 'four'],
    ['255.255.255.255', 'end4'],
    ['::1', 'six'],
    ['fffe::', 'six'],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'end6'],
  ] as const)
    assert.equal(nameOf(file, address), name, address);
  assert.equal(nameOf('prefix,name\n::/0,six', '192.0.2.1'), '-');
  assert.equal(nameOf('prefix,name\n::ffff:10.0.0.0/104,mapped', '10.2.3.4'), 'mapped');
});

test('nested and neighbouring prefixes of any lengths: as looking at every one of them has it', () => {
  for (let seed = 1; seed <= 150; seed++) {
    const random = seededRandom(seed);
    const mapped = random.chance(50);
    // Few different bytes, so that prefixes meet and nest.
    const randomAddress = () => {
      const address = Buffer.from(Array.from({ length: 16 }, () => random.pick([0, 1, 254, 255])));
      if (mapped) Buffer.from('00000000000000000000ffff', 'hex').copy(address);
      return address;
    };
    const prefixes = new Map<string, Prefix>();
    for (let count = random.below(40); count > 0; count--) {
      const bits = mapped ? 96 + random.below(33) : random.below(129);
      const address = masked(randomAddress(), bits);
      prefixes.set(`${address.toString('hex')}/${bits}`, { address, bits, value: prefixes.size + 1 });
    }
    const table = createPrefixTable([...prefixes.values()]);
    for (let count = 0; count < 200; count++) {
      const address = randomAddress();
      const longest = [...prefixes.values()]
        .filter((prefix) => masked(address, prefix.bits).equals(prefix.address))
        .sort((x, y) => y.bits - x.bits)[0];
      assert.equal(table.lookup(address, 0), longest?.value ?? 0, `seed ${seed} ${address.toString('hex')}`);
    }
  }
});

function masked(address: Buffer, bits: number): Buffer {
  return Buffer.from(address.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - i * 8)))));
}

test('columns come in any order, quoted or not; missing ones are empty; the same row is there once', () => {
  const { rows, prefixes } = parseNetworks(
    '\ufeffSite,name , prefix\r\n# comment\r\n\r\n"Frankfurt, ""DE""",web,10.0.0.0/24\r\nx,db,10.0.1.0/24\nx,db,10.0.2.0/24\n,short,10.0.3.0/24',
  );
  assert.deepEqual(rows, [
    { name: 'web', role: '', site: 'Frankfurt, "DE"', tenant: '' },
    { name: 'db', role: '', site: 'x', tenant: '' },
    { name: 'short', role: '', site: '', tenant: '' },
  ]);
  assert.equal(prefixes, 4);
});

test('what is wrong is told with line and value', () => {
  for (const [text, message] of [
    ['', /no header line/],
    ['prefix,name,colour\n', /line 1: no column "colour"/],
    ['prefix,prefix,name', /line 1: a column is there twice/],
    ['prefix,site', /line 1: the header needs prefix and name/],
    ['prefix,name\n10.0.0.0/33,x', /line 2: "10\.0\.0\.0\/33" is longer than 32 bits/],
    ['prefix,name\n\n10.0.0.1/8,x', /line 3: "10\.0\.0\.1\/8" has bits set behind its length/],
    ['prefix,name\n2001:db8::1/64,x', /line 2: "2001:db8::1\/64" has bits/],
    ['prefix,name\nten,x', /line 2: "ten" is not a prefix/],
    ['prefix,name\nfe80::1%eth0/64,x', /line 2: .* is not a prefix/],
    ['prefix,name\n10.0.0.0/8,x\n10.0.0.0/8,y', /line 3: "10\.0\.0\.0\/8" is in line 2 already/],
    ['prefix,name\n10.0.0.0/8,x,y', /line 2: 3 fields, where the header has 2/],
    ['prefix,name\n10.0.0.0/8,"x', /line 2: quotes do not match/],
    [`prefix,name\n10.0.0.0/8,${'x'.repeat(300)}`, /line 2: name of 300 characters/],
  ] as const)
    assert.throws(() => parseNetworks(text), { message }, text);
  const many = parseNetworks.bind(undefined, `prefix,name\n${'bad,x\n'.repeat(100)}`);
  assert.throws(many, (error: Error) => error.message.split(';').length === 5);
});

test('a hundred thousand prefixes are read within seconds into a few megabytes', () => {
  const random = seededRandom(1);
  const lines = ['prefix,name'];
  for (let i = 0; i < 50_000; i++)
    lines.push(`${10 + (i >> 14)}.${(i >> 6) & 255}.${(i & 63) << 2}.0/24,v4-${i % 100}`);
  for (let i = 0; i < 50_000; i++)
    lines.push(`2001:db8:${i.toString(16)}:${random.below(65_536).toString(16)}::/64,v6-${i % 100}`);
  const begun = performance.now();
  const { table, prefixes, rows } = parseNetworks(lines.join('\n'));
  assert.ok(performance.now() - begun < 10_000);
  assert.equal(prefixes, 100_000);
  assert.equal(rows.length, 200);
  assert.ok(table.ranges <= 200_000, `${table.ranges} ranges`);
  assert.equal(rows[table.lookup(parseAddress('10.0.4.77') as Buffer, 0) - 1]?.name, 'v4-1');
});
