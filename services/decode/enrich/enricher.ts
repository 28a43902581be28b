// Enrichment of one raw batch after another, in whole numbers: an address is an entry of the cache, an entry has a network,
// an autonomous system and a country, and these have numbers in the lists that go with the batch. What was loaded anew comes
// into use when the next batch starts, so that a batch never mixes two versions.

import type { AutonomousSystem, Network } from '@tcxflow/schemas/generated.ts';
import { type AddressCache, createAddressCache, ENTRY_WORDS, FIRST_FACT_WORD } from './address-cache.ts';
import type { Anonymizer } from './anonymize.ts';
import { createBatchTable } from './batch-table.ts';
import type { Classifier } from './classify.ts';
import type { GeoDatabase, GeoFacts } from './geo.ts';
import type { NameTable } from './interface-names.ts';
import type { Networks } from './networks-file.ts';
import { type AgentFacts, createSourceFacts, type InterfaceFacts } from './source-facts.ts';

/** What is looked up for addresses; any of it may be missing. */
export interface AddressSources {
  networks: Networks | undefined;
  countries: GeoDatabase | undefined;
  autonomousSystems: GeoDatabase | undefined;
}

/** The lists that a batch's numbers are of. */
export interface BatchTables {
  networks: Network[];
  autonomousSystems: AutonomousSystem[];
}

export interface Enricher {
  /** Whether address() and what follows from it can say anything: else there is no need to ask. */
  readonly looksUpAddresses: boolean;
  /** Whether no address may leave but through anonymize(): those of tunnels and of ARP too. */
  readonly anonymizes: boolean;
  /** Before the first sample of a batch; from here to tables() nothing may wait for anything else. */
  startBatch(agent: string, bootId: Uint8Array, timeNs: bigint): void;
  /** @returns an entry, valid until the next call of address() or anonymize(); 0 for all zeros */
  address(bytes: Uint8Array, offset: number): number;
  /** @returns index into tables().networks, plus 1; 0 = in none */
  network(entry: number): number;
  /** @returns index into tables().autonomousSystems, plus 1; 0 = unknown */
  autonomousSystem(entry: number): number;
  /** @returns first letter * 256 + second; 0 = unknown */
  country(entry: number): number;
  /** Replaces the 16 bytes at offset, when anonymizes; the last thing that is done to an address. */
  anonymize(bytes: Uint8Array, offset: number): void;
  /** What is known of an interface of the batch's agent at the batch's time. */
  interface(ifIndex: number, ifName: string): InterfaceFacts;
  /** What is known of the batch's agent at the batch's time. */
  agent(): AgentFacts;
  tables(): BatchTables;
}

/** What may change while it runs. */
export interface EnricherSources extends AddressSources {
  classifier: Classifier;
  anonymizer: Anonymizer;
}

/** What loads it calls. */
export interface EnricherControl extends Enricher {
  /** In use from the next batch on. */
  use(sources: Partial<EnricherSources>): void;
  readonly cache: Pick<AddressCache, 'lookups' | 'misses'>;
}

export interface EnricherOptions {
  cacheEntries: number;
  cacheSeed: number;
  looksUpAddresses: boolean;
  anonymizes: boolean;
  names: NameTable;
  classifier: Classifier;
  /** A database that is broken in the middle. */
  onLookupError(error: unknown): void;
}

/** Autonomous systems of one version of the databases; the registries have given out some 120,000 numbers. */
const AUTONOMOUS_SYSTEMS_MAX = 500_000;
const ADDRESS_BYTES = 16;
const NETWORK = FIRST_FACT_WORD;
const SYSTEM = FIRST_FACT_WORD + 1;
const COUNTRY = FIRST_FACT_WORD + 2;

export function createEnricher(options: EnricherOptions): EnricherControl {
  const cache = createAddressCache(options.cacheEntries, options.cacheSeed);
  const { words } = cache;
  /** What the address becomes; as it is in memory. */
  const anonymous = Buffer.alloc(options.anonymizes ? (cache.entries + 1) * ADDRESS_BYTES : 0);
  const sources: AddressSources = { networks: undefined, countries: undefined, autonomousSystems: undefined };
  const systems: AutonomousSystem[] = [];
  const systemNumbers = new Map<string, number>();
  const networkTable = createBatchTable((number) => sources.networks?.rows[number - 1] as Network);
  const systemTable = createBatchTable((number) => systems[number - 1] as AutonomousSystem);
  const sourceFacts = createSourceFacts(options.names, options.classifier);
  let next: Partial<EnricherSources> | undefined;
  let anonymizer: Anonymizer | undefined;

  function takeNext({ classifier, anonymizer: given, ...addressSources }: Partial<EnricherSources>): void {
    Object.assign(sources, addressSources);
    if (classifier) sourceFacts.useClassifier(classifier);
    anonymizer = given ?? anonymizer;
    next = undefined;
    cache.clear();
    systems.length = 0;
    systemNumbers.clear();
  }

  function ask(database: GeoDatabase | undefined, bytes: Uint8Array, offset: number): GeoFacts | undefined {
    try {
      return database?.lookup(bytes, offset);
    } catch (error) {
      options.onLookupError(error);
      return undefined;
    }
  }

  function systemNumber({ asNumber, organisation }: GeoFacts): number {
    if (asNumber === 0) return 0;
    const key = `${asNumber} ${organisation}`;
    let number = systemNumbers.get(key);
    if (number === undefined && systems.length < AUTONOMOUS_SYSTEMS_MAX) {
      number = systems.push({ number: asNumber, organisation });
      systemNumbers.set(key, number);
    }
    return number ?? 0;
  }

  function fill(entry: number, bytes: Uint8Array, offset: number): number {
    const at = entry * ENTRY_WORDS;
    words[at + NETWORK] = sources.networks?.table.lookup(bytes, offset) ?? 0;
    const country = ask(sources.countries, bytes, offset);
    // One file may have both.
    const system =
      sources.autonomousSystems === sources.countries ? country : ask(sources.autonomousSystems, bytes, offset);
    words[at + COUNTRY] = country?.country || system?.country || 0;
    words[at + SYSTEM] = (system && systemNumber(system)) || (country && systemNumber(country)) || 0;
    if (options.anonymizes) {
      if (!anonymizer) throw new Error('an address before the key was read');
      for (let i = 0; i < ADDRESS_BYTES; i++) anonymous[entry * ADDRESS_BYTES + i] = bytes[offset + i] as number;
      anonymizer.apply(anonymous, entry * ADDRESS_BYTES);
    }
    return entry;
  }

  function address(bytes: Uint8Array, offset: number): number {
    const entry = cache.find(bytes, offset);
    if (entry >= 0) return entry;
    try {
      return fill(-entry, bytes, offset);
    } catch (error) {
      // The entry must not stand for an address of which it has another's facts, or another's disguise.
      cache.clear();
      throw error;
    }
  }

  return {
    looksUpAddresses: options.looksUpAddresses,
    anonymizes: options.anonymizes,
    cache,
    use(changed) {
      next = { ...next, ...changed };
    },
    startBatch(agent, bootId, timeNs) {
      if (next) takeNext(next);
      networkTable.start();
      systemTable.start();
      sourceFacts.start(agent, bootId, timeNs);
    },
    address,
    network: (entry) => networkTable.indexOf(words[entry * ENTRY_WORDS + NETWORK] as number),
    autonomousSystem: (entry) => systemTable.indexOf(words[entry * ENTRY_WORDS + SYSTEM] as number),
    country: (entry) => words[entry * ENTRY_WORDS + COUNTRY] as number,
    anonymize(bytes, offset) {
      if (!options.anonymizes) return;
      const entry = address(bytes, offset);
      if (entry === 0) return;
      for (let i = 0; i < ADDRESS_BYTES; i++) bytes[offset + i] = anonymous[entry * ADDRESS_BYTES + i] as number;
    },
    interface: sourceFacts.interface,
    agent: sourceFacts.agent,
    tables: () => ({ networks: networkTable.rows(), autonomousSystems: systemTable.rows() }),
  };
}
