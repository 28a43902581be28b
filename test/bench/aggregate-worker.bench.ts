// The aggregate worker, Kafka → Kafka: 100,000 flows in all partitions together, with windows that close on the way.

import { openBatch } from '@tcxflow/aggregate/decoded-batch.ts';
import { decodedMessage, MESSAGE_SAMPLES, START_MS } from '@tcxflow/aggregate/testing/messages.ts';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { decodedBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { type Measurement, summarize } from './measure.ts';
import { PARTITIONS, runWorker, type WorkerRun } from './worker.ts';

const KEYS = 100_000;
const MESSAGES = 16_000;
/** Of these the samples are, again and again: 200,000 for each partition's 25,000 flows. */
const DIFFERENT_MESSAGES = 1600;
/** 500,000 samples a second: in 16 s of event time, windows of 10 s end once, a million samples after their first ones. */
const MESSAGE_MS = 1;
const BEGIN_MS = START_MS + 3000;
const RUNS = 3;

/** As decode does it, a flow is always in the same partition. */
function* decodedBatches(): Generator<Buffer> {
  const random = seededRandom(1);
  const { encodeHead } = decodedBatchCodec.split('samples');
  const bodies = Array.from({ length: DIFFERENT_MESSAGES }, (_, index) => {
    const partition = index % PARTITIONS;
    const keys = Array.from(
      { length: MESSAGE_SAMPLES },
      () => random.below(KEYS / PARTITIONS) * PARTITIONS + partition,
    );
    const message = decodedMessage(keys, index);
    const { head, samplesAt } = openBatch(message);
    return { head, body: message.subarray(samplesAt) };
  });
  for (let sourceOffset = 0; sourceOffset < MESSAGES; sourceOffset++) {
    const { head, body } = bodies[sourceOffset % DIFFERENT_MESSAGES] as (typeof bodies)[number];
    const baseTimeNs = BigInt(BEGIN_MS + sourceOffset * MESSAGE_MS) * 1_000_000n;
    yield Buffer.concat([encodeHead({ ...head, sourceOffset, baseTimeNs }), body]);
  }
}

let measured: Promise<WorkerRun[]> | undefined;

function metric(pick: (run: WorkerRun) => number, unit: string, digits = 0): () => Promise<Measurement> {
  return async () => {
    measured ??= runWorker({
      service: 'aggregate',
      load: { topic: topicNames.decodedSamples, messages: decodedBatches() },
      samples: MESSAGES * MESSAGE_SAMPLES,
      metric: 'samples_total',
      config: () => 'aggregate: {window_ms: 10000, allowed_lateness_ms: 1000}',
      runs: RUNS,
    });
    return summarize((await measured).map(pick), unit, digits);
  };
}

export const benchmarks: Record<string, () => Promise<Measurement>> = {
  'aggregate.worker_samples_per_s': metric((run) => run.samplesPerSecond, 'samples/s'),
  'aggregate.worker_cpu_s_per_million': metric((run) => run.cpuSecondsPerMillion, 'CPU s', 3),
  'aggregate.worker_rss_mb': metric((run) => run.residentMegabytes, 'MB'),
  'aggregate.gc_max_ms': metric((run) => run.gcMaxMs, 'ms', 1),
};
