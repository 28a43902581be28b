// The enricher with what loads it: files, the counters topic, the key. Wiring only.

import { randomInt } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { TcxflowError } from '@tcxflow/common/errors.ts';
import type { Component, Fail } from '@tcxflow/common/lifecycle.ts';
import type { Logger } from '@tcxflow/common/logger.ts';
import type { Metrics } from '@tcxflow/common/metrics.ts';
import type { Kafka } from 'kafkajs';
import type { DecodeConfig } from '../config.ts';
import { parseKey } from './anonymize.ts';
import { createClassifier } from './classify.ts';
import { createEnricher, type Enricher } from './enricher.ts';
import { fileSources, settingSources } from './file-sources.ts';
import { createNameTable } from './interface-names.ts';
import { createEnrichMetrics } from './metrics.ts';
import { createNamesConsumer } from './names-consumer.ts';
import { createSourceFiles, type SourceFiles } from './source-files.ts';

export interface Enrichment {
  /** undefined: nothing is to be added or hidden. */
  enricher: Enricher | undefined;
  /** To be started before samples are decoded. */
  components: Component[];
}

export interface EnrichmentOptions {
  config: DecodeConfig;
  /** Looked at for new rules. */
  configFile: string | undefined;
  /** @throws {ConfigError} */
  reload: () => DecodeConfig;
  kafka: Kafka;
  sessionTimeoutMs: number;
  metrics: Metrics;
  log: Logger;
  fail: Fail;
}

export function createEnrichment({
  config,
  configFile,
  reload,
  kafka,
  sessionTimeoutMs,
  metrics,
  log,
  fail,
}: EnrichmentOptions): Enrichment {
  const { enrich, anonymize } = config;
  const enrichMetrics = createEnrichMetrics(metrics, () => enricher.cache);
  const names = createNameTable(enrich.namesMax, (bound, count) => enrichMetrics.namesDropped.inc({ bound }, count));
  const enricher = createEnricher({
    cacheEntries: enrich.cacheEntries,
    cacheSeed: randomInt(2 ** 32),
    looksUpAddresses: Boolean(enrich.networksFile || enrich.countriesFile || enrich.autonomousSystemsFile),
    anonymizes: anonymize,
    names,
    classifier: createClassifier(enrich.rules),
    onLookupError: () => enrichMetrics.lookupErrors.inc(),
  });
  const keyFile = anonymize ? config.anonymizeKeyFile : undefined;
  const readRules = () => reload().enrich.rules;
  const files = createSourceFiles({
    files: [...fileSources(enrich, enricher), ...settingSources({ configFile, readRules, keyFile }, enricher)],
    pollMs: enrich.pollMs,
    metrics: enrichMetrics,
    log,
  });
  const { groupId } = config;
  const namesConsumer = enrich.names
    ? [
        createNamesConsumer({
          kafka,
          groupId,
          sessionTimeoutMs,
          historyMs: enrich.namesHistoryHours * 3_600_000,
          names,
          enrichMetrics,
          metrics,
          log: log.child({ component: 'names' }),
          fail,
        }),
      ]
    : [];
  // Rules may come later.
  const isUsed =
    enrich.names || configFile !== undefined || enrich.rules.length > 0 || anonymize || enricher.looksUpAddresses;
  return {
    enricher: isUsed ? enricher : undefined,
    components: [createKeyCheck(config, log), files, reloadOnSighup(files, log), ...namesConsumer],
  };
}

/** Without its key the service does not start: no address may leave as it is. Later on a key that is no key changes nothing. */
function createKeyCheck({ anonymize, anonymizeKeyFile = '' }: DecodeConfig, log: Logger): Component {
  return {
    name: 'anonymisation key',
    async start() {
      if (!anonymize) return;
      try {
        parseKey(await readFile(anonymizeKeyFile));
      } catch (cause) {
        throw new TcxflowError('ANONYMIZE_KEY', `${anonymizeKeyFile}: ${(cause as Error).message}`, {
          cause,
          hint: 'a key is 32 random bytes, or 64 hexadecimal digits: openssl rand -hex 32',
        });
      }
      if ((await stat(anonymizeKeyFile)).mode & 0o004)
        log.warn({ path: anonymizeKeyFile }, 'everybody may read the key: whoever has it can undo the anonymisation');
    },
    stop: () => undefined,
  };
}

function reloadOnSighup(files: SourceFiles, log: Logger): Component {
  const onHangup = () => {
    log.info('reading the files of decode.enrich, rules and key again');
    void files.reload().catch((err: unknown) => log.error({ err }, 'reading the files again failed'));
  };
  return {
    name: 'reload on SIGHUP',
    start() {
      process.on('SIGHUP', onHangup);
    },
    stop() {
      process.off('SIGHUP', onHangup);
    },
  };
}
