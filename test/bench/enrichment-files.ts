// What a network of some size gives a decode worker to look up: 65,000 prefixes in 10/8, an AS number and a country for each of
// its 256 /16.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MmdbValue, makeMmdb } from '@tcxflow/decode/enrich/testing/mmdb.ts';

/** Writes the files into `folder`. @returns the section of the configuration that names them, in YAML's flow style */
export function writeEnrichmentFiles(folder: string): string {
  const lines = ['prefix,name,role,site,tenant'];
  const systems: Record<string, MmdbValue> = {};
  const countries: Record<string, MmdbValue> = {};
  for (let i = 0; i < 256; i++) {
    for (let j = 0; j < 256; j++) lines.push(`10.${i}.${j}.0/24,net-${(i * 256 + j) % 100},servers,site-${i % 8},t`);
    systems[`10.${i}.0.0/16`] = { autonomous_system_number: 64_512 + i, autonomous_system_organization: `Org ${i}` };
    countries[`10.${i}.0.0/16`] = { country: { iso_code: i % 2 ? 'NZ' : 'IS' } };
  }
  const [networks, as, country] = ['networks.csv', 'as.mmdb', 'countries.mmdb'].map((name) => join(folder, name));
  writeFileSync(networks as string, `${lines.join('\n')}\n`);
  writeFileSync(as as string, makeMmdb(systems, { type: 'ASN' }));
  writeFileSync(country as string, makeMmdb(countries, { type: 'Country' }));
  const rule = '{interface: "eth*", connectivity: transit, boundary: external}';
  return `decode: {enrich: {networks_file: ${networks}, autonomous_systems_file: ${as}, countries_file: ${country}, rules: [${rule}]}}`;
}
