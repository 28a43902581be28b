import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { formatAddress, parseAddress } from '@tcxflow/packet/address.ts';
import { createAnonymizer } from './anonymize.ts';
import { createClassifier } from './classify.ts';
import { createEnricher, type EnricherOptions } from './enricher.ts';
import { type GeoDatabase, openGeoDatabase } from './geo.ts';
import { createNameTable } from './interface-names.ts';
import { parseNetworks } from './networks-file.ts';
import { ruleSchema } from './rules.ts';
import { makeMmdb } from './testing/mmdb.ts';

const bootId = Buffer.alloc(16, 1);
const NZ = 'N'.charCodeAt(0) * 256 + 'Z'.charCodeAt(0);

function makeEnricher(options: Partial<EnricherOptions> = {}) {
  return createEnricher({
    cacheEntries: 1024,
    cacheSeed: 1,
    looksUpAddresses: true,
    anonymizes: false,
    names: createNameTable(1000, () => undefined),
    classifier: createClassifier([]),
    onLookupError: (error) => assert.fail(error as Error),
    ...options,
  });
}

const networksOf = (text: string) => ({ networks: parseNetworks(`prefix,name\n${text}`) });
const bytes = (text: string) => parseAddress(text) as Buffer;

test('an address has its network, autonomous system and country, numbered in lists of the batch', () => {
  const enricher = makeEnricher();
  enricher.use({
    ...networksOf('192.0.2.0/24,doc\n2001:db8::/32,doc6'),
    countries: openGeoDatabase(makeMmdb({ '192.0.2.0/24': { country: { iso_code: 'NZ' } } })),
    autonomousSystems: openGeoDatabase(
      makeMmdb({
        '192.0.2.0/25': { autonomous_system_number: 64500, autonomous_system_organization: 'A' },
        '192.0.2.128/25': { autonomous_system_number: 64501, autonomous_system_organization: 'B' },
      }),
    ),
  });
  const ask = (text: string) => {
    const entry = enricher.address(bytes(text), 0);
    return [enricher.network(entry), enricher.autonomousSystem(entry), enricher.country(entry)];
  };
  enricher.startBatch('a', bootId, 0n);
  assert.deepEqual(['192.0.2.200', '192.0.2.1', '198.51.100.1', '2001:db8::1', '::', '192.0.2.201'].map(ask), [
    [1, 1, NZ],
    [1, 2, NZ],
    [0, 0, 0],
    [2, 0, 0],
    [0, 0, 0],
    [1, 1, NZ],
  ]);
  const row = (name: string) => ({ name, role: '', site: '', tenant: '' });
  assert.deepEqual(enricher.tables(), {
    networks: [row('doc'), row('doc6')],
    autonomousSystems: [
      { number: 64501, organisation: 'B' },
      { number: 64500, organisation: 'A' },
    ],
  });
  enricher.startBatch('a', bootId, 0n);
  assert.deepEqual(enricher.tables(), { networks: [], autonomousSystems: [] });
  assert.deepEqual(ask('192.0.2.1'), [1, 1, NZ]);
});

test('one database with both is asked once', () => {
  let asked = 0;
  const both = openGeoDatabase(makeMmdb({ '0.0.0.0/0': { country: 'NZ', asn: 'AS64500', as_name: 'A' } }));
  const counted: GeoDatabase = {
    ...both,
    lookup(...args) {
      asked++;
      return both.lookup(...args);
    },
  };
  const enricher = makeEnricher();
  enricher.use({ countries: counted, autonomousSystems: counted });
  enricher.startBatch('a', bootId, 0n);
  const entry = enricher.address(bytes('192.0.2.1'), 0);
  assert.deepEqual([enricher.country(entry), enricher.autonomousSystem(entry), asked], [NZ, 1, 1]);
});

test('what is loaded anew comes into use with the next batch, wholly; a batch never mixes two versions', () => {
  const enricher = makeEnricher();
  const nameOf = (text: string) => {
    const index = enricher.network(enricher.address(bytes(text), 0));
    return enricher.tables().networks[index - 1]?.name ?? '-';
  };
  enricher.use(networksOf('10.0.0.0/8,old\n11.0.0.0/8,old too'));
  enricher.startBatch('a', bootId, 0n);
  assert.equal(nameOf('10.0.0.1'), 'old');
  enricher.use(networksOf('10.0.0.0/8,newer'));
  enricher.use(networksOf('10.0.0.0/8,newest'));
  assert.equal(nameOf('10.0.0.1'), 'old');
  assert.equal(nameOf('11.0.0.1'), 'old too');
  enricher.startBatch('a', bootId, 0n);
  assert.equal(nameOf('10.0.0.1'), 'newest');
  assert.equal(nameOf('11.0.0.1'), '-');
});

test('reloads in between, a small cache and many addresses: every answer is that of the version in use', () => {
  const random = seededRandom(3);
  const enricher = makeEnricher({ cacheEntries: 1024 });
  let version = 0;
  for (let batch = 0; batch < 200; batch++) {
    const reloads = random.chance(20);
    if (reloads) {
      version++;
      enricher.use(networksOf(Array.from({ length: 16 }, (_, i) => `10.${i}.0.0/16,v${version}-${i}`).join('\n')));
    }
    enricher.startBatch('a', bootId, 0n);
    const answers: [number, number][] = [];
    for (let sample = 0; sample < 100; sample++) {
      const address = Buffer.from([
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        255,
        255,
        10,
        random.below(20),
        random.below(4),
        random.below(256),
      ]);
      answers.push([address[13] as number, enricher.network(enricher.address(address, 0))]);
    }
    const { networks } = enricher.tables();
    for (const [second, index] of answers)
      assert.equal(networks[index - 1]?.name, second < 16 && version > 0 ? `v${version}-${second}` : undefined);
  }
  assert.ok(version > 10);
});

test('a database that is broken somewhere costs those facts alone, and is counted', () => {
  let errors = 0;
  const enricher = makeEnricher({ onLookupError: () => errors++ });
  const broken: GeoDatabase = {
    type: '',
    builtMs: 0,
    nodes: 1,
    lookup: () => {
      throw new RangeError('offset');
    },
  };
  enricher.use({ ...networksOf('192.0.2.0/24,doc'), countries: broken });
  enricher.startBatch('a', bootId, 0n);
  for (let i = 0; i < 3; i++) {
    const entry = enricher.address(bytes('192.0.2.1'), 0);
    assert.deepEqual([enricher.network(entry), enricher.country(entry)], [1, 0]);
  }
  assert.equal(errors, 1);
});

test('anonymisation replaces the bytes in place, from the cache as from the cipher, and facts are those of the real address', () => {
  const key = Buffer.alloc(32, 5);
  const enricher = makeEnricher({ anonymizes: true });
  enricher.use({ anonymizer: createAnonymizer(key) });
  enricher.use(networksOf('192.0.2.0/24,doc'));
  enricher.startBatch('a', bootId, 0n);
  const expected = bytes('192.0.2.1');
  createAnonymizer(key).apply(expected, 0);
  for (let i = 0; i < 3; i++) {
    const header = Buffer.concat([Buffer.from('xx'), bytes('192.0.2.1'), Buffer.from('yy')]);
    const entry = enricher.address(header, 2);
    assert.equal(enricher.network(entry), 1);
    enricher.anonymize(header, 2);
    assert.equal(header.toString('latin1', 0, 2) + header.toString('latin1', 18), 'xxyy');
    assert.equal(formatAddress(header.subarray(2, 18)), formatAddress(expected));
  }
  const none = Buffer.alloc(16);
  enricher.anonymize(none, 0);
  assert.ok(none.equals(Buffer.alloc(16)));
});

test('without its key no address leaves: asking for one is an error', () => {
  const enricher = makeEnricher({ anonymizes: true });
  enricher.startBatch('a', bootId, 0n);
  const address = bytes('192.0.2.1');
  assert.throws(() => enricher.anonymize(address, 0), /before the key/);
  assert.throws(() => enricher.anonymize(address, 0), /before the key/);
});

test('an interface has its alias of the time, and the classes that rules give; unknown ones have those of their name', () => {
  const names = createNameTable(100, () => undefined);
  const classifier = createClassifier([
    ruleSchema.parse({ alias: 'transit *', provider: 'Example', boundary: 'external' }),
    ruleSchema.parse({ interface: 'eth*', connectivity: 'core' }),
    ruleSchema.parse({ agent: 'a', site: 'here' }),
  ]);
  const link = {
    name: 'eth0',
    kind: 'physical',
    speedBps: 0,
    removed: false,
    netns: '',
    parent: 0,
    master: 0,
    mac: '',
  };
  const other = { mtu: 0, adminUp: true, operUp: true, addresses: [], ingressRate: 0, egressRate: 0, ifIndex: 2 };
  names.learn({
    agent: 'a',
    bootId,
    timeNs: 0n,
    host: null,
    metadata: [
      { ...link, ...other, alias: 'transit 1', validFromNs: 0n },
      { ...link, ...other, alias: 'spare', validFromNs: 100n },
    ],
  });
  const enricher = makeEnricher({ names, classifier });
  enricher.startBatch('a', bootId, 50n);
  const transit = { ifAlias: 'transit 1', ifConnectivity: 'core', ifProvider: 'Example', ifBoundary: 'external' };
  assert.deepEqual(enricher.interface(2, 'eth0'), transit);
  assert.equal(enricher.interface(2, 'eth0'), enricher.interface(2, 'eth0'), 'rules are asked once');
  assert.deepEqual(enricher.interface(9, 'eth9'), {
    ifAlias: '',
    ifConnectivity: 'core',
    ifProvider: '',
    ifBoundary: '',
  });
  assert.equal(enricher.agent().agentSite, 'here');
  enricher.startBatch('a', bootId, 150n);
  assert.deepEqual(enricher.interface(2, 'eth0'), { ...transit, ifAlias: 'spare', ifProvider: '', ifBoundary: '' });
  enricher.startBatch('b', bootId, 150n);
  assert.equal(enricher.interface(2, 'eth0').ifAlias, '');
  assert.equal(enricher.agent().agentSite, '');
});
