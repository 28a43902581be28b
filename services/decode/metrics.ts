import type { Metrics } from '@tcxflow/common/metrics.ts';

export type DecodeMetrics = ReturnType<typeof createDecodeMetrics>;

export function createDecodeMetrics(metrics: Metrics) {
  return {
    samples: metrics.counter('samples_total', 'Samples decoded, by how decoding ended', ['stop']),
    batches: metrics.counter('batches_total', 'Raw batches decoded'),
    repeated: metrics.counter('repeated_batches_total', 'Raw batches dropped because capture had sent them twice'),
  };
}
