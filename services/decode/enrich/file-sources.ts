// The files of decode.enrich: how large each may be, how it is read, and where its content goes.

import type { EnrichConfig } from './config.ts';
import type { EnricherControl } from './enricher.ts';
import { openGeoDatabase } from './geo.ts';
import { parseNetworks } from './networks-file.ts';
import { parseServiceNames, type ServiceNames } from './service-names.ts';
import type { SourceFile } from './source-files.ts';

const DATABASE_BYTES_MAX = 2 ** 30;
const NETWORKS_BYTES_MAX = 64 << 20;
const SERVICES_BYTES_MAX = 4 << 20;

const decoder = new TextDecoder('utf-8', { fatal: true });

export function fileSources(
  config: EnrichConfig,
  enricher: Pick<EnricherControl, 'use'>,
  useServiceNames: (names: ServiceNames) => void,
): SourceFile[] {
  const { networksFile, countriesFile, autonomousSystemsFile, servicesFile } = config;
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
  if (servicesFile)
    sources.push({
      name: 'services',
      path: servicesFile,
      maxBytes: SERVICES_BYTES_MAX,
      load(content) {
        const names = parseServiceNames(decoder.decode(content));
        useServiceNames(names);
        return { entries: names.names };
      },
    });
  return sources;
}
