import type { Metrics } from '@tcxflow/common/metrics.ts';

export type AggregateMetrics = ReturnType<typeof createAggregateMetrics>;

export function createAggregateMetrics(metrics: Metrics) {
  return {
    samples: metrics.counter('samples_total', 'Samples added to windows'),
    late: metrics.counter('late_samples_total', 'Samples whose window had been emitted: they make a further record'),
    duplicates: metrics.counter('duplicate_batches_total', 'Batches dropped because they were seen before'),
    flows: metrics.counter('flows_total', 'Flow records emitted'),
    summaries: metrics.counter('summaries_total', 'Summary records emitted', ['key_set']),
    early: metrics.counter(
      'early_windows_total',
      'Windows emitted before their time, to bound memory or the checkpoint',
    ),
    earlyFlows: metrics.counter(
      'early_flows_total',
      'Flows of few samples emitted before their window ended, to bound memory',
    ),
    openFlows: metrics.gauge('open_flows', 'Flows and summaries in open windows', ['partition']),
  };
}
