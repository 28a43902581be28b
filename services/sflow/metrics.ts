import type { Metrics } from '@tcxflow/common/metrics.ts';

export type SflowMetrics = ReturnType<typeof createSflowMetrics>;

export function createSflowMetrics(metrics: Metrics) {
  return {
    datagrams: metrics.counter('datagrams_total', 'Datagrams made; each goes to every collector that wants the same'),
    flowSamples: metrics.counter('flow_samples_total', 'Flow samples emitted, once for each set of collector options'),
    counterSamples: metrics.counter('counter_samples_total', 'Counter samples of interfaces emitted'),
    hostSamples: metrics.counter('host_samples_total', 'Counter samples of machines emitted: ten a poll'),
    discardSamples: metrics.counter('discard_samples_total', 'Discarded packets emitted'),
    passedOver: metrics.counter('passed_over_samples_total', 'Samples that a collector does not want', ['cause']),
    lost: metrics.counter('lost_samples_total', 'Samples not emitted', ['cause']),
    undecodable: metrics.counter(
      'undecodable_messages_total',
      'Messages passed over; decode and writer dead-letter them',
    ),
    sendErrors: metrics.counter('send_errors_total', 'Datagrams the kernel did not take', ['collector']),
    unresolved: metrics.counter('unresolved_datagrams_total', 'Datagrams for a name without an address', ['collector']),
    lostDatagrams: metrics.counter('lost_datagrams_total', 'Datagrams not handed to the kernel', [
      'collector',
      'cause',
    ]),
    waiting: metrics.gauge('waiting_datagrams', 'Datagrams that wait for their turn (max_datagrams_per_s)', [
      'collector',
    ]),
    pending: metrics.gauge('pending_datagrams', 'Datagrams the kernel has not taken yet'),
  };
}
