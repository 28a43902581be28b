// The decode worker, Kafka → Kafka.

import { openRawBatch } from '@tcxflow/decode/raw-batch.ts';
import { sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { type Measurement, summarize } from './measure.ts';
import { makeSampleBatch, SAMPLES } from './sample-batch.ts';
import { runWorker, type WorkerRun } from './worker.ts';

const BATCHES = 6000;
const RUNS = 3;

/** The same samples in batches of different numbers. */
function* rawBatches(): Generator<Buffer> {
  const message = sampleBatchCodec.encode(makeSampleBatch());
  const batch = openRawBatch(message);
  const body = message.subarray(batch.samplesAt);
  const { encodeHead } = sampleBatchCodec.split('samples');
  for (let batchSequence = 1; batchSequence <= BATCHES; batchSequence++)
    yield Buffer.concat([encodeHead({ ...batch, batchSequence }), body]);
}

let measured: Promise<WorkerRun[]> | undefined;

function metric(pick: (run: WorkerRun) => number, unit: string, digits = 0): () => Promise<Measurement> {
  return async () => {
    measured ??= runWorker({
      service: 'decode',
      load: { topic: topicNames.rawSamples, messages: rawBatches() },
      samples: BATCHES * SAMPLES,
      metric: 'samples_total',
      runs: RUNS,
    });
    return summarize((await measured).map(pick), unit, digits);
  };
}

export const benchmarks: Record<string, () => Promise<Measurement>> = {
  'decode.worker_samples_per_s': metric((run) => run.samplesPerSecond, 'samples/s'),
  'decode.worker_cpu_s_per_million': metric((run) => run.cpuSecondsPerMillion, 'CPU s', 3),
  'decode.worker_rss_mb': metric((run) => run.residentMegabytes, 'MB'),
  'decode.gc_max_ms': metric((run) => run.gcMaxMs, 'ms', 1),
};
