import type { Metrics } from '@tcxflow/common/metrics.ts';
import type { SourceState } from '@tcxflow/schemas/generated.ts';

export type PublisherMetrics = ReturnType<typeof createPublisherMetrics>;

export function createPublisherMetrics(metrics: Metrics, bounds: { queueBytes: number; spoolBytes: number }) {
  metrics.gauge('queue_bound_bytes', 'Above this, the spool takes over, or sampling waits').set(bounds.queueBytes);
  metrics.gauge('spool_bound_bytes', 'Above this, the oldest samples are given up').set(bounds.spoolBytes);
  return {
    published: metrics.counter('published_samples_total', 'Samples acknowledged by Kafka'),
    messages: metrics.counter('published_messages_total', 'Messages acknowledged by Kafka', ['topic']),
    failures: metrics.counter('publish_failures_total', 'Sends that failed and were tried again'),
    dropped: metrics.counter('dropped_messages_total', 'Counters given up because the queue was full', ['topic']),
    spooled: metrics.counter('spooled_samples_total', 'Samples that went to the disk spool first'),
    givenUp: metrics.counter('given_up_samples_total', 'Samples lost on the way to Kafka', ['cause']),
    queueBytes: metrics.gauge('queue_bytes', 'Encoded batches waiting for Kafka in memory'),
    spoolBytes: metrics.gauge('spool_bytes', 'Encoded batches waiting for Kafka on disk'),
    spoolSamples: metrics.gauge('spool_samples', 'Samples waiting for Kafka on disk'),
  };
}

export type SamplerMetrics = ReturnType<typeof createSamplerMetrics>;

export function createSamplerMetrics(metrics: Metrics) {
  return {
    rateFactor: metrics.gauge('rate_factor', 'By what all rates are coarser, to keep below the ceilings'),
    errorRatedPoints: metrics.gauge(
      'error_rated_points',
      'Points whose rate differs from their rule for the wanted error',
    ),
    exposeCounters: (states: () => SourceState[]) => exposeCounters(metrics, states),
  };
}

export function createUnseenCounter(metrics: Metrics) {
  return metrics.counter('unseen_packets_total', 'Packets that the device counted and our hook did not see', [
    'interface',
    'direction',
  ]);
}

/** The kernel's own counters, read when somebody asks. */
function exposeCounters(metrics: Metrics, read: () => SourceState[]): void {
  const labels = ['interface', 'direction'] as const;
  const labelsOf = ({ ifName, direction }: SourceState) => ({ interface: ifName, direction });
  let states: SourceState[] | undefined;
  /** Once for all metrics of an answer. */
  const statesNow = () => {
    if (!states) {
      states = read();
      setImmediate(() => {
        states = undefined;
      });
    }
    return states;
  };
  const expose = (name: string, help: string, field: 'packets' | 'bytes' | 'selected' | 'own' | 'ownSelected') =>
    metrics.mirrored(name, help, labels, () =>
      statesNow().map((state) => ({ labels: labelsOf(state), value: state[field] })),
    );
  expose('packets_total', 'Wire packets seen: the pool', 'packets');
  expose('bytes_total', 'Wire bytes seen', 'bytes');
  expose('selected_samples_total', 'Samples chosen', 'selected');
  expose('own_packets_total', 'Packets of our own traffic by mark, kept out of the pool', 'own');
  expose('own_selected_total', 'Choices that fell on traffic of our own endpoints: no samples', 'ownSelected');
  metrics.mirrored('lost_samples_total', 'Samples chosen but lost', [...labels, 'cause'], () =>
    statesNow().flatMap((state) => [
      { labels: { ...labelsOf(state), cause: 'ring_full' }, value: state.ringFull },
      { labels: { ...labelsOf(state), cause: 'copy_failed' }, value: state.copyFailed },
    ]),
  );
}
