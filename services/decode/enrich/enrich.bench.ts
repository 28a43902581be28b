// What enrichment costs a sample with two addresses that were seen lately, and an address that was not. Nanoseconds.

import { randomBytes } from 'node:crypto';
import { type Measurement, summarize } from '../../../test/bench/measure.ts';
import { createAnonymizer } from './anonymize.ts';
import { createClassifier } from './classify.ts';
import { createEnricher } from './enricher.ts';
import { openGeoDatabase } from './geo.ts';
import { createNameTable } from './interface-names.ts';
import { parseNetworks } from './networks-file.ts';
import { type MmdbValue, makeMmdb } from './testing/mmdb.ts';

const ADDRESSES = 20_000;
/** As many fit the processor's own cache. */
const LATELY = 2000;
const BATCH = 512;
const RUNS = 9;

export const benchmarks: Record<string, () => Measurement> = {
  'decode.enrich_ns': () => measureSamples(LATELY, false),
  'decode.enrich_spread_ns': () => measureSamples(ADDRESSES, false),
  'decode.enrich_anonymized_ns': () => measureSamples(LATELY, true),
  'decode.enrich_miss_ns': () => measureMisses(false),
  'decode.enrich_anonymized_miss_ns': () => measureMisses(true),
  'decode.network_lookups_per_s'() {
    const { table } = networks();
    const addresses = makeAddresses(ADDRESSES);
    let found = 0;
    const round = () => {
      for (let at = 0; at < addresses.length; at += 16) found += table.lookup(addresses, at);
    };
    round();
    const rates = Array.from({ length: RUNS }, () => 1e9 / nsPer(round, ADDRESSES, 50));
    return { ...summarize(rates, 'look-ups/s'), runs: found > 0 ? RUNS : 0 };
  },
};

/** 100,000 prefixes of 100 networks: half IPv4 /24 in 10/8 and 11/8, half IPv6 /48 in 2001:db8::/32. */
function networks() {
  const lines = ['prefix,name'];
  for (let i = 0; i < 50_000; i++) lines.push(`${10 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.0/24,n${i % 100}`);
  for (let i = 0; i < 50_000; i++) lines.push(`2001:db8:${i.toString(16)}::/48,n${i % 100}`);
  return parseNetworks(lines.join('\n'));
}

function makeEnricher(anonymizes: boolean) {
  const systems: Record<string, MmdbValue> = {};
  const countries: Record<string, MmdbValue> = {};
  for (let i = 0; i < 256; i++) {
    systems[`10.${i}.0.0/16`] = { autonomous_system_number: 64_512 + i, autonomous_system_organization: `Org ${i}` };
    systems[`2001:db8:${(i * 256).toString(16)}::/40`] = { autonomous_system_number: 65_000 + i };
    countries[`10.${i}.0.0/16`] = { country: { iso_code: i % 2 ? 'NZ' : 'IS', names: { en: 'Some country' } } };
  }
  const enricher = createEnricher({
    cacheEntries: 1 << 16,
    cacheSeed: 7,
    looksUpAddresses: true,
    anonymizes,
    names: createNameTable(1000, () => undefined),
    classifier: createClassifier([]),
    onLookupError: () => undefined,
  });
  if (anonymizes) enricher.use({ anonymizer: createAnonymizer(Buffer.alloc(32, 3)) });
  const use = {
    countries: openGeoDatabase(makeMmdb(countries)),
    autonomousSystems: openGeoDatabase(makeMmdb(systems)),
  };
  enricher.use({ ...use, networks: networks() });
  return enricher;
}

/** Behind one another: two of three IPv4 in 10/8, the others in 2001:db8::/32. */
function makeAddresses(count: number): Buffer {
  const all = randomBytes(count * 16);
  for (let i = 0; i < count; i++) {
    if (i % 3 === 2) all.writeUInt32BE(0x2001_0db8, i * 16);
    else Buffer.from('00000000000000000000ffff0a', 'hex').copy(all, i * 16);
  }
  return all;
}

/** As traffic has it, a few talk most: the busiest of a hundred addresses takes a fifth, the busier half four fifths. */
function pick(count: number): number {
  return (Math.random() ** 3 * count) | 0;
}

const bootId = Buffer.alloc(16, 1);

function measureSamples(count: number, anonymizes: boolean): Measurement {
  const enricher = makeEnricher(anonymizes);
  const addresses = makeAddresses(count);
  const [src, dst] = [Buffer.alloc(16), Buffer.alloc(16)];
  let sum = 0;
  /** @param enrich without it: what the benchmark itself costs */
  const batch = (enrich: boolean) => {
    if (enrich) enricher.startBatch('agent', bootId, 1n);
    for (let i = 0; i < BATCH; i++) {
      const at = pick(count) * 16;
      for (let b = 0; b < 16; b++) src[b] = addresses[at + b] as number;
      const to = pick(count) * 16;
      for (let b = 0; b < 16; b++) dst[b] = addresses[to + b] as number;
      if (!enrich) continue;
      const from = enricher.address(src, 0);
      sum += enricher.network(from) + enricher.autonomousSystem(from) + enricher.country(from);
      const target = enricher.address(dst, 0);
      sum += enricher.network(target) + enricher.autonomousSystem(target) + enricher.country(target);
      if (!anonymizes) continue;
      enricher.anonymize(src, 0);
      enricher.anonymize(dst, 0);
    }
    if (enrich) enricher.tables();
  };
  for (let i = 0; i < 500; i++) {
    batch(true);
    batch(false);
  }
  const run = () => nsPer(() => batch(true), BATCH, 300) - nsPer(() => batch(false), BATCH, 300);
  return { ...summarize(Array.from({ length: RUNS }, run), 'ns/sample', 1), runs: sum > 0 ? RUNS : 0 };
}

function measureMisses(anonymizes: boolean): Measurement {
  const enricher = makeEnricher(anonymizes);
  let sum = 0;
  const runs = Array.from({ length: RUNS + 1 }, () => {
    const addresses = makeAddresses(ADDRESSES);
    enricher.startBatch('agent', bootId, 1n);
    return nsPer(
      () => {
        for (let at = 0; at < addresses.length; at += 16) sum += enricher.country(enricher.address(addresses, at));
      },
      ADDRESSES,
      1,
    );
  });
  return { ...summarize(runs.slice(1), 'ns/address', 0), runs: sum > 0 ? RUNS : 0 };
}

function nsPer(round: () => void, perRound: number, rounds: number): number {
  const begun = performance.now();
  for (let i = 0; i < rounds; i++) round();
  return ((performance.now() - begun) * 1e6) / (rounds * perRound);
}
