// The decode worker, Kafka → Kafka.

import { openRawBatch } from '@tcxflow/common/raw-batch.ts';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { type Measurement, summarize } from './measure.ts';
import { makeSampleBatch, SAMPLES } from './sample-batch.ts';
import { runWorker, type WorkerRun } from './worker.ts';

const BATCHES = 6000;
const RUNS = 3;

const BODIES = 64;
/** Behind the headers: payloads do not compress. */
const PAYLOAD_AT = 54;

/** Batches of different numbers, each with the samples of one of some bodies. */
function* rawBatches(): Generator<Buffer> {
  const random = seededRandom(1);
  const { encodeHead } = sampleBatchCodec.split('samples');
  const messages = Array.from({ length: BODIES }, () => {
    const batch = makeSampleBatch();
    for (const { header } of batch.samples) random.bytes(header.length - PAYLOAD_AT).copy(header, PAYLOAD_AT);
    return sampleBatchCodec.encode(batch);
  });
  for (let batchSequence = 1; batchSequence <= BATCHES; batchSequence++) {
    const message = messages[batchSequence % BODIES] as Buffer;
    const batch = openRawBatch(message);
    yield Buffer.concat([encodeHead({ ...batch, batchSequence }), message.subarray(batch.samplesAt)]);
  }
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
