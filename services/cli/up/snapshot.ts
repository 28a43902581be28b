// All counts of the running pipeline in one place, from the services' metrics.

import type { ServiceProcess } from './children.ts';
import { type MetricSample, scrape, sumBy, sumOf } from './scrape.ts';

export interface Snapshot {
  seen: { packets: number; bytes: number };
  selected: number;
  lost: Record<string, number>;
  published: number;
  /** What capture still has, in memory (bytes) and on disk (samples): 0 when Kafka has all. */
  unpublished: number;
  decoded: number;
  deadLettered: number;
  /** Flow records emitted. */
  flows: number;
  openFlows: number;
  rows: number;
  sflow: { datagrams: number; flowSamples: number; counterSamples: number };
  /** Messages not yet processed, over all consumers. */
  lagMessages: number;
}

export async function takeSnapshot(services: readonly ServiceProcess[]): Promise<Snapshot> {
  const byService = await Promise.all(services.map((service) => scrape(service.metricsUrl)));
  return summarize(byService.flat());
}

/** Pure. */
export function summarize(metrics: readonly MetricSample[]): Snapshot {
  const total = (name: string) => sumOf(metrics, name);
  const everywhere = (suffix: string) =>
    metrics.filter((sample) => sample.name.endsWith(suffix)).reduce((sum, sample) => sum + sample.value, 0);
  return {
    seen: { packets: total('tcxflow_capture_packets_total'), bytes: total('tcxflow_capture_bytes_total') },
    selected: total('tcxflow_capture_selected_samples_total'),
    lost: {
      ...sumBy(metrics, 'tcxflow_capture_lost_samples_total', 'cause'),
      ...sumBy(metrics, 'tcxflow_capture_given_up_samples_total', 'cause'),
    },
    published: total('tcxflow_capture_published_samples_total'),
    unpublished: total('tcxflow_capture_queue_bytes') + total('tcxflow_capture_spool_samples'),
    decoded: total('tcxflow_decode_samples_total'),
    deadLettered: everywhere('_dead_lettered_total'),
    flows: total('tcxflow_aggregate_flows_total'),
    openFlows: total('tcxflow_aggregate_open_flows'),
    rows: sumOf(metrics, 'tcxflow_writer_rows_total', { table: 'flows' }),
    sflow: {
      datagrams: total('tcxflow_sflow_datagrams_total'),
      flowSamples: total('tcxflow_sflow_flow_samples_total'),
      counterSamples: total('tcxflow_sflow_counter_samples_total'),
    },
    lagMessages: everywhere('_lag_messages'),
  };
}
