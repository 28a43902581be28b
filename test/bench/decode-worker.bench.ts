// The decode worker, Kafka → Kafka: plain and with everything looked up, over many partitions, and at a slow pace. Beside it a
// peer that reads the same samples as sFlow (`--peer-command`, see peer.ts).

import { openRawBatch } from '@tcxflow/common/raw-batch.ts';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { writeEnrichmentFiles } from './enrichment-files.ts';
import { type Measurement, summarize } from './measure.ts';
import { makeSampleBatch, SAMPLES } from './sample-batch.ts';
import { runWorker, type WorkerOptions, type WorkerRun } from './worker.ts';

const BATCHES = 6000;
const RUNS = 3;
const PACED_SECONDS = 15;

const BODIES = 64;
const SOURCE_ADDRESS_AT = 26;
const ADDRESSES = 20_000;
/** Behind the headers: payloads do not compress. */
const PAYLOAD_AT = 54;

/** Batches of different numbers, each with the samples of one of some bodies; between 20,000 addresses in 10/8. */
function* rawBatches(count: number): Generator<Buffer> {
  const random = seededRandom(1);
  const { encodeHead } = sampleBatchCodec.split('samples');
  const address = () => (10 << 24) | (random.below(ADDRESSES) * 839);
  const messages = Array.from({ length: BODIES }, () => {
    const batch = makeSampleBatch();
    for (const { header } of batch.samples) {
      header.writeUInt32BE(address(), SOURCE_ADDRESS_AT);
      header.writeUInt32BE(address(), SOURCE_ADDRESS_AT + 4);
      random.bytes(header.length - PAYLOAD_AT).copy(header, PAYLOAD_AT);
    }
    return sampleBatchCodec.encode(batch);
  });
  for (let batchSequence = 1; batchSequence <= count; batchSequence++) {
    const message = messages[batchSequence % BODIES] as Buffer;
    const batch = openRawBatch(message);
    yield Buffer.concat([encodeHead({ ...batch, batchSequence }), message.subarray(batch.samplesAt)]);
  }
}

const measured = new Map<string, Promise<WorkerRun[]>>();

function measure(batches: number, options: Partial<WorkerOptions>): Promise<WorkerRun[]> {
  return runWorker({
    service: 'decode',
    load: { topic: topicNames.rawSamples, messages: rawBatches(batches) },
    samples: batches * SAMPLES,
    metric: 'samples_total',
    runs: RUNS,
    ...options,
  });
}

/** Metrics of the same `variant` share its runs. */
function metric(
  variant: string,
  options: Partial<WorkerOptions>,
  pick: (run: WorkerRun) => number,
  unit: string,
  digits = 0,
): () => Promise<Measurement> {
  return async () => {
    const runs = measured.get(variant) ?? measure(BATCHES, options);
    measured.set(variant, runs);
    return summarize((await runs).map(pick), unit, digits);
  };
}

/** @param samplesPerSecond in batches of 512, one after the other, as few agents with much traffic send them */
function paced(samplesPerSecond: number): () => Promise<Measurement> {
  return async () => {
    const messagesPerSecond = samplesPerSecond / SAMPLES;
    const batches = Math.ceil(messagesPerSecond * PACED_SECONDS);
    const runs = await measure(batches, { messagesPerSecond, runs: 1 });
    return summarize(
      runs.map((run) => run.cpuSecondsPerMillion),
      'CPU s',
      3,
    );
  };
}

const plain = {};
const enriched = { config: writeEnrichmentFiles };

export const benchmarks: Record<string, () => Promise<Measurement>> = {
  'decode.worker_samples_per_s': metric('plain', plain, (run) => run.samplesPerSecond, 'samples/s'),
  'decode.worker_cpu_s_per_million': metric('plain', plain, (run) => run.cpuSecondsPerMillion, 'CPU s', 3),
  'decode.worker_rss_mb': metric('plain', plain, (run) => run.residentMegabytes, 'MB'),
  'decode.gc_max_ms': metric('plain', plain, (run) => run.gcMaxMs, 'ms', 1),
  'decode.enriched_samples_per_s': metric('enriched', enriched, (run) => run.samplesPerSecond, 'samples/s'),
  'decode.enriched_cpu_s_per_million': metric('enriched', enriched, (run) => run.cpuSecondsPerMillion, 'CPU s', 3),
  'decode.partitions_1_cpu_s_per_million': metric(
    'one partition',
    { partitions: 1 },
    (run) => run.cpuSecondsPerMillion,
    'CPU s',
    3,
  ),
  'decode.partitions_64_cpu_s_per_million': metric(
    '64 partitions',
    { partitions: 64 },
    (run) => run.cpuSecondsPerMillion,
    'CPU s',
    3,
  ),
  'decode.at_1k_per_s_cpu_s_per_million': paced(1000),
  'decode.at_10k_per_s_cpu_s_per_million': paced(10_000),
  'decode.at_100k_per_s_cpu_s_per_million': paced(100_000),
  'decode.at_300k_per_s_cpu_s_per_million': paced(300_000),
};
