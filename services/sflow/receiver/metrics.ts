import type { Metrics } from '@tcxflow/common/metrics.ts';

export type ReceiverMetrics = ReturnType<typeof createReceiverMetrics>;

export function createReceiverMetrics(metrics: Metrics) {
  return {
    datagrams: metrics.counter('datagrams_total', 'Datagrams taken'),
    refused: metrics.counter('refused_datagrams_total', 'Datagrams not taken', ['cause']),
    kernelDrops: metrics.counter('kernel_drops_total', 'Datagrams that the kernel dropped: the socket was full'),
    lostDatagrams: metrics.counter(
      'lost_datagrams_total',
      'Gaps in the sequences of agents: lost before they came here',
    ),
    restarts: metrics.counter('agent_restarts_total', 'Agents that started anew, by their uptime'),
    samples: metrics.counter('samples_total', 'Samples taken', ['kind']),
    lostSamples: metrics.counter('lost_samples_total', 'Samples that were lost or could not be used', ['cause']),
    synthesized: metrics.counter(
      'synthesized_headers_total',
      'Flow samples without header bytes: made from their fields',
    ),
    agents: metrics.gauge('agents', 'Agents and sub-agents known'),
    queueBytes: metrics.gauge('queue_bytes', 'Messages that wait for Kafka'),
    published: metrics.counter('published_messages_total', 'Messages that Kafka has', ['topic']),
  };
}
