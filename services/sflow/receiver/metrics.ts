import type { Metrics } from '@tcxflow/common/metrics.ts';

export type ReceiverMetrics = ReturnType<typeof createReceiverMetrics>;

/** What was lost of one agent on its way here. */
export interface AgentLoss {
  agent: string;
  subAgentId: number;
  datagrams: number;
  samples: number;
}

export function createReceiverMetrics(metrics: Metrics) {
  /** `read` is set by who knows the agents. */
  const agentLosses = { read: (): AgentLoss[] => [] };
  const labelled = (value: 'datagrams' | 'samples') => () =>
    agentLosses.read().map((loss) => ({
      labels: { agent: loss.agent, sub_agent: String(loss.subAgentId) },
      value: loss[value],
    }));
  const labels = ['agent', 'sub_agent'] as const;
  metrics.mirrored(
    'agent_lost_datagrams_total',
    'Gaps in the datagram sequence, of each agent that is known and lost any',
    labels,
    labelled('datagrams'),
  );
  metrics.mirrored(
    'agent_lost_samples_total',
    'Gaps in the flow sample sequences, of each agent that is known and lost any; what it dropped itself is left out',
    labels,
    labelled('samples'),
  );
  return {
    agentLosses,
    datagrams: metrics.counter('datagrams_total', 'Datagrams taken'),
    refused: metrics.counter('refused_datagrams_total', 'Datagrams not taken', ['cause']),
    kernelDrops: metrics.counter('kernel_drops_total', 'Datagrams that the kernel dropped: the socket was full', [
      'listen',
      'socket',
    ]),
    lostDatagrams: metrics.counter(
      'lost_datagrams_total',
      'Gaps in the sequences of agents: lost before they came here',
    ),
    repeatedDatagrams: metrics.counter('repeated_datagrams_total', 'Datagrams with the sequence of the one before'),
    restarts: metrics.counter('agent_restarts_total', 'Agents that started anew, by their uptime'),
    samples: metrics.counter('samples_total', 'Samples taken', ['kind']),
    lostSamples: metrics.counter('lost_samples_total', 'Samples that were lost or could not be used', ['cause']),
    passedOver: metrics.counter(
      'passed_over_samples_total',
      'Samples not taken: of a number that came before, or that had been counted as a gap',
      ['cause'],
    ),
    synthesized: metrics.counter(
      'synthesized_headers_total',
      'Flow samples without header bytes: made from their fields',
    ),
    agents: metrics.gauge('agents', 'Agents and sub-agents known'),
    waitingBytes: metrics.gauge('waiting_bytes', 'Samples that wait for others of their agent'),
    queueBytes: metrics.gauge('queue_bytes', 'Messages that wait for Kafka'),
    published: metrics.counter('published_messages_total', 'Messages that Kafka has', ['topic']),
  };
}
