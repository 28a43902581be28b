import type { Metrics } from '@tcxflow/common/metrics.ts';

export type SflowMetrics = ReturnType<typeof createSflowMetrics>;

export function createSflowMetrics(metrics: Metrics) {
  return {
    datagrams: metrics.counter('datagrams_total', 'Datagrams made; each goes to every collector'),
    flowSamples: metrics.counter('flow_samples_total', 'Flow samples emitted'),
    counterSamples: metrics.counter('counter_samples_total', 'Counter samples emitted'),
    lost: metrics.counter('lost_samples_total', 'Samples not emitted', ['cause']),
    undecodable: metrics.counter(
      'undecodable_messages_total',
      'Messages passed over; decode and writer dead-letter them',
    ),
    sendErrors: metrics.counter('send_errors_total', 'Datagrams the kernel did not take', ['collector']),
  };
}
