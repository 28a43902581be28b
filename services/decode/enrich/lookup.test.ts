import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeSection } from '../config.ts';
import { openLookup } from './lookup.ts';
import { makeMmdb } from './testing/mmdb.ts';

test('an address is shown with all that the files say of it, and as what it leaves', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-lookup-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const both = file('geo.mmdb', makeMmdb({ '128.11.0.0/16': { country: 'NZ', asn: 'AS64500', as_name: 'Example' } }));
  const config = decodeSection.parse({
    enrich: {
      networksFile: file('networks.csv', 'prefix,name,role\n128.11.0.0/16,campus,users\n'),
      countriesFile: both,
      autonomousSystemsFile: both,
    },
    anonymize: true,
    anonymizeKeyFile: file('key', '1522178d33a4cf80130a5b1649907d10d8988f8379796527'.concat('62574c2d2a842202\n')),
  });
  const lookup = openLookup(config);
  assert.equal(
    lookup('128.11.68.132'),
    `128.11.68.132
  name       campus
  role       users
  site       -
  tenant     -
  AS         64500 Example
  country    NZ
  leaves as  135.242.180.132`,
  );
  assert.match(lookup('2001:db8::1'), /network {4}-\n {2}AS {9}-\n {2}country {4}-\n {2}leaves as {2}4401:2bc:/);
  assert.throws(() => lookup('example.org'), { code: 'CONFIG' });
  file('networks.csv', 'prefix,name\n10.0.0.1/8,x\n');
  assert.throws(() => openLookup(config), {
    code: 'ENRICH_SOURCE',
    message: /networks\.csv: line 2: "10\.0\.0\.1\/8" has bits/,
  });
});

test('anonymisation without a key file is refused with the configuration', () => {
  assert.throws(() => decodeSection.parse({ anonymize: true }), /anonymize needs it/);
});
