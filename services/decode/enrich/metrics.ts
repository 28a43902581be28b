import type { Metrics } from '@tcxflow/common/metrics.ts';

export type EnrichMetrics = ReturnType<typeof createEnrichMetrics>;
export type SourceMetrics = Pick<EnrichMetrics, 'reloads' | 'version' | 'entries' | 'stale'>;

/** @param cache read when somebody asks */
export function createEnrichMetrics(metrics: Metrics, cache: () => { lookups: number; misses: number }) {
  metrics.mirrored('enrich_address_lookups_total', 'Addresses asked for', [], () => [
    { labels: {}, value: cache().lookups },
  ]);
  metrics.mirrored('enrich_address_misses_total', 'Of those, not in the cache', [], () => [
    { labels: {}, value: cache().misses },
  ]);
  return {
    reloads: metrics.counter('enrich_reloads_total', 'New versions of files, by whether they could be used', [
      'source',
      'result',
    ]),
    version: metrics.gauge(
      'enrich_source_version_timestamp_seconds',
      'When the version in use was built, or its file last changed',
      ['source'],
    ),
    entries: metrics.gauge('enrich_source_entries', 'Prefixes, tree nodes or names of the version in use', ['source']),
    stale: metrics.gauge('enrich_source_stale', '1: the newest version of the file cannot be used', ['source']),
    lookupErrors: metrics.counter('enrich_lookup_errors_total', 'Look-ups that met a broken place of a database'),
    names: metrics.gauge('enrich_names_entries', 'Names of interfaces and hosts with the time they hold'),
    namesDropped: metrics.counter('enrich_names_dropped_total', 'Names given up for want of room, by bound', ['bound']),
    unreadable: metrics.counter(
      'enrich_names_unreadable_total',
      'Messages of the counters topic that could not be read',
    ),
  };
}
