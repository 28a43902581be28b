// The files of decode.enrich: how large each may be, how it is read, and where its content goes.

import { createAnonymizer, parseKey } from './anonymize.ts';
import { createClassifier } from './classify.ts';
import type { EnrichConfig } from './config.ts';
import type { EnricherControl } from './enricher.ts';
import { openGeoDatabase } from './geo.ts';
import { parseNetworks } from './networks-file.ts';
import type { Rule } from './rules.ts';
import type { SourceFile } from './source-files.ts';

const DATABASE_BYTES_MAX = 2 ** 30;
const NETWORKS_BYTES_MAX = 64 << 20;
const CONFIG_BYTES_MAX = 4 << 20;
const KEY_FILE_BYTES_MAX = 1024;

const decoder = new TextDecoder('utf-8', { fatal: true });

export function fileSources(config: EnrichConfig, enricher: Pick<EnricherControl, 'use'>): SourceFile[] {
  const { networksFile, countriesFile, autonomousSystemsFile } = config;
  const database = (name: string, path: string, uses: readonly ('countries' | 'autonomousSystems')[]): SourceFile => ({
    name,
    path,
    maxBytes: DATABASE_BYTES_MAX,
    load(content) {
      const opened = openGeoDatabase(content);
      enricher.use(Object.fromEntries(uses.map((use) => [use, opened])));
      return { entries: opened.nodes, builtMs: opened.builtMs, about: { type: opened.type } };
    },
  });
  const sources: SourceFile[] = [];
  if (networksFile)
    sources.push({
      name: 'networks',
      path: networksFile,
      maxBytes: NETWORKS_BYTES_MAX,
      load(content) {
        const networks = parseNetworks(decoder.decode(content));
        enricher.use({ networks });
        return { entries: networks.prefixes };
      },
    });
  if (countriesFile && countriesFile === autonomousSystemsFile)
    sources.push(database('countries', countriesFile, ['countries', 'autonomousSystems']));
  else {
    if (countriesFile) sources.push(database('countries', countriesFile, ['countries']));
    if (autonomousSystemsFile)
      sources.push(database('autonomous_systems', autonomousSystemsFile, ['autonomousSystems']));
  }
  return sources;
}

export interface ChangingSettings {
  /** undefined: none is read, and rules stay as they are. */
  configFile: string | undefined;
  /** Reads and validates all of it, environment included. @throws {ConfigError} */
  readRules: () => readonly Rule[];
  /** undefined: nothing is anonymised. */
  keyFile: string | undefined;
}

/** The configuration file for its rules, and the key. A configuration with a mistake anywhere changes nothing. */
export function settingSources(
  { configFile, readRules, keyFile }: ChangingSettings,
  enricher: Pick<EnricherControl, 'use'>,
): SourceFile[] {
  const sources: SourceFile[] = [];
  if (configFile)
    sources.push({
      name: 'rules',
      path: configFile,
      maxBytes: CONFIG_BYTES_MAX,
      load() {
        const rules = readRules();
        enricher.use({ classifier: createClassifier(rules) });
        return { entries: rules.length };
      },
    });
  if (keyFile)
    sources.push({
      name: 'key',
      path: keyFile,
      maxBytes: KEY_FILE_BYTES_MAX,
      load(content) {
        enricher.use({ anonymizer: createAnonymizer(parseKey(content)) });
        return { entries: 1 };
      },
    });
  return sources;
}
