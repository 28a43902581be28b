import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { parseAddress } from '@tcxflow/packet/address.ts';
import { type GeoDatabase, openGeoDatabase } from './geo.ts';
import { type MmdbValue, makeMmdb } from './testing/mmdb.ts';

const NZ = 'N'.charCodeAt(0) * 256 + 'Z'.charCodeAt(0);

function ask(database: GeoDatabase, address: string) {
  // Not at the beginning, as in a message.
  return database.lookup(Buffer.concat([Buffer.alloc(3), parseAddress(address) as Buffer]), 3);
}

test('country and autonomous system come out of what MaxMind, DB-IP and IPinfo call them', () => {
  const shapes: [MmdbValue, object][] = [
    [{ country: { iso_code: 'NZ', names: { en: 'New Zealand' } } }, { country: NZ, asNumber: 0, organisation: '' }],
    [{ registered_country: { iso_code: 'NZ' } }, { country: NZ, asNumber: 0, organisation: '' }],
    [
      { autonomous_system_number: 4_200_000_001, autonomous_system_organization: 'Example Org' },
      { country: 0, asNumber: 4_200_000_001, organisation: 'Example Org' },
    ],
    [
      { country: 'NZ', asn: 'AS64500', as_name: 'Example Org', continent: 'OC' },
      { country: NZ, asNumber: 64500, organisation: 'Example Org' },
    ],
    [
      { country_code: 'NZ', country: 'New Zealand', asn: 'AS64500', name: 'Org' },
      { country: NZ, asNumber: 64500, organisation: 'Org' },
    ],
    [
      { country: 'nz', asn: 'ASx', autonomous_system_organization: 7 },
      { country: 0, asNumber: 0, organisation: '' },
    ],
  ];
  for (const [record, facts] of shapes)
    assert.deepEqual(ask(openGeoDatabase(makeMmdb({ '192.0.2.0/24': record })), '192.0.2.9'), facts);
});

test('IPv4 and IPv6 addresses find their own prefixes, with each record size', () => {
  for (const recordSize of [24, 28, 32] as const) {
    const file = makeMmdb(
      { '192.0.2.0/24': { asn: 'AS1' }, '192.0.2.128/25': { asn: 'AS2' }, '2001:db8::/32': { asn: 'AS3' } },
      { recordSize },
    );
    const database = openGeoDatabase(file);
    const numberOf = (address: string) => ask(database, address)?.asNumber;
    assert.deepEqual(['192.0.2.1', '192.0.2.200', '192.0.3.1', '2001:db8:1::1', '2001:db9::1', '::1'].map(numberOf), [
      1,
      2,
      undefined,
      3,
      undefined,
      undefined,
    ]);
    assert.deepEqual([database.type, database.builtMs], ['Test', 1_780_000_000_000]);
  }
});

test('a database of IPv4 alone says nothing of IPv6 addresses that begin alike', () => {
  const database = openGeoDatabase(makeMmdb({ '32.0.0.0/8': { asn: 'AS1' } }, { ipVersion: 4 }));
  assert.equal(ask(database, '32.1.2.3')?.asNumber, 1);
  assert.equal(ask(database, '2001:db8::1'), undefined);
});

test('a record is read once: its addresses get the same object', () => {
  const database = openGeoDatabase(makeMmdb({ '192.0.2.0/24': { asn: 'AS1' } }));
  assert.equal(ask(database, '192.0.2.1'), ask(database, '192.0.2.2'));
});

test('what is no such file is refused when it is opened', () => {
  const good = makeMmdb({ '192.0.2.0/24': { asn: 'AS1' } });
  for (const file of [
    Buffer.alloc(0),
    Buffer.from('<html>404</html>'),
    Buffer.alloc(1000, 0xff),
    good.subarray(0, -40),
  ])
    assert.throws(() => openGeoDatabase(file));
  const lies = [
    { node_count: 4_000_000_000 },
    { node_count: 0 },
    { node_count: 'many' },
    { ip_version: 5 },
    { binary_format_major_version: 3 },
  ];
  for (const metadata of lies)
    assert.throws(
      () => openGeoDatabase(makeMmdb({ '192.0.2.0/24': { asn: 'AS1' } }, { metadata })),
      JSON.stringify(metadata),
    );
});

test('a file with any bytes changed opens or not, and answers or throws, but always comes back soon', () => {
  const records = Object.fromEntries(
    Array.from({ length: 50 }, (_, i) => [
      `10.${i}.0.0/16`,
      { asn: `AS${i + 1}`, as_name: 'x'.repeat(i * 7), l: ['a', 1] },
    ]),
  );
  const good = makeMmdb(records);
  for (let seed = 1; seed <= 2000; seed++) {
    const random = seededRandom(seed);
    const file = Buffer.from(good);
    for (let count = 1 + random.below(8); count > 0; count--) file[random.below(file.length)] = random.below(256);
    const begun = performance.now();
    try {
      const database = openGeoDatabase(file);
      for (let i = 0; i < 10; i++)
        database.lookup(Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, i, 0, 1]), 0);
    } catch {
      // That is one of the two ways.
    }
    assert.ok(performance.now() - begun < 1000, `seed ${seed}`);
  }
});
