// Country and autonomous system of an address, from a MaxMind DB file: GeoLite2, GeoIP2, DB-IP and IPinfo have them under
// different names. Looked up only for addresses that the cache does not know, so text per look-up is no matter.

import { Reader } from 'mmdb-lib';

/** What one record says; the same object for all addresses of that record. */
export interface GeoFacts {
  /** ISO 3166-1 alpha-2: first letter * 256 + second; 0 = none. */
  country: number;
  /** 0 = none. */
  asNumber: number;
  organisation: string;
}

export interface GeoDatabase {
  /** As its maker calls it: GeoLite2-ASN, for example. */
  readonly type: string;
  readonly builtMs: number;
  readonly nodes: number;
  /** @returns undefined when there is no record @throws {Error} when the file is broken there */
  lookup(bytes: Uint8Array, offset: number): GeoFacts | undefined;
}

const ORGANISATION_CHARS_MAX = 200;
/** Records of a database that stay decoded; ASN databases have some 80,000. */
const RECORDS_MAX = 200_000;
const SECTION_SEPARATOR_BYTES = 16;

type DbRecord = Record<string, unknown>;
/** mmdb-lib types what MaxMind sells; other makers' records are different. */
type AnyReader = Pick<Reader<never>, 'metadata'> & { get(address: string): DbRecord | null };

/** @throws {Error} when it is no such file, or its parts contradict each other */
export function openGeoDatabase(file: Buffer): GeoDatabase {
  let records = new Map<number | string, unknown>();
  const cache = {
    get: (key: number | string) => records.get(key),
    set(key: number | string, value: unknown) {
      if (records.size >= RECORDS_MAX) records = new Map();
      records.set(key, value);
    },
  };
  const reader = new Reader(file, { cache } as ConstructorParameters<typeof Reader>[1]) as unknown as AnyReader;
  const { metadata } = reader;
  const { nodeCount, searchTreeSize, ipVersion } = metadata;
  if (metadata.binaryFormatMajorVersion !== 2) throw new Error(`format ${metadata.binaryFormatMajorVersion}, not 2`);
  if (!Number.isInteger(nodeCount) || nodeCount < 1 || searchTreeSize + SECTION_SEPARATOR_BYTES > file.length)
    throw new Error(`a tree of ${nodeCount} nodes does not fit ${file.length} bytes`);
  if (ipVersion !== 4 && ipVersion !== 6) throw new Error(`IP version ${ipVersion}`);
  const facts = new WeakMap<DbRecord, GeoFacts>();

  function lookup(bytes: Uint8Array, offset: number): GeoFacts | undefined {
    const text = textOf(bytes, offset);
    // The library would take the first 4 bytes of an IPv6 address.
    if (ipVersion === 4 && text.includes(':')) return undefined;
    const record = reader.get(text);
    if (typeof record !== 'object' || record === null) return undefined;
    let known = facts.get(record);
    if (!known) {
      known = readFacts(record);
      facts.set(record, known);
    }
    return known;
  }

  // A file that is cut or scrambled shows it here rather than in the middle of the work, if it does.
  for (const probe of PROBES) lookup(probe, 0);
  return { type: String(metadata.databaseType), builtMs: metadata.buildEpoch.getTime() || 0, nodes: nodeCount, lookup };
}

const PROBES = [0, 8, 85, 127, 170, 192, 255].flatMap((first) => [
  Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, first, 0, 0, 1]),
  Buffer.from([0x20 | (first >> 4), first, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
]);

function textOf(bytes: Uint8Array, offset: number): string {
  const isMapped = isZero(bytes, offset, 10) && bytes[offset + 10] === 0xff && bytes[offset + 11] === 0xff;
  if (isMapped) return `${bytes[offset + 12]}.${bytes[offset + 13]}.${bytes[offset + 14]}.${bytes[offset + 15]}`;
  let text = '';
  for (let i = 0; i < 16; i += 2)
    text += `${i ? ':' : ''}${(((bytes[offset + i] as number) << 8) | (bytes[offset + i + 1] as number)).toString(16)}`;
  return text;
}

function isZero(bytes: Uint8Array, start: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (bytes[start + i] !== 0) return false;
  return true;
}

function readFacts(record: DbRecord): GeoFacts {
  const organisation =
    textIn(record, 'autonomous_system_organization') || textIn(record, 'as_name') || textIn(record, 'name');
  return {
    country: countryOf(record),
    asNumber: asNumberOf(record.autonomous_system_number ?? record.asn),
    organisation: organisation.slice(0, ORGANISATION_CHARS_MAX),
  };
}

/** { country: { iso_code } } of MaxMind and DB-IP; country or country_code of IPinfo. */
function countryOf(record: DbRecord): number {
  const nested = [record.country, record.registered_country].map((part) =>
    textIn(Object(part) as DbRecord, 'iso_code'),
  );
  const code = [...nested, record.country_code, record.country].find(
    (text): text is string => typeof text === 'string' && /^[A-Z]{2}$/.test(text),
  );
  return code ? code.charCodeAt(0) * 256 + code.charCodeAt(1) : 0;
}

/** 64500, or "AS64500". */
function asNumberOf(value: unknown): number {
  const number = Number(typeof value === 'string' ? value.replace(/^AS/, '') : value);
  return Number.isInteger(number) && number > 0 && number <= 0xffff_ffff ? number : 0;
}

function textIn(record: DbRecord, key: string): string {
  const value = record[key];
  return typeof value === 'string' ? value : '';
}
