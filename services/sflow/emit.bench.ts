// The emitter, Kafka → UDP on the loopback: a socket that nobody reads takes the datagrams and drops them.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openRawBatch } from '@tcxflow/common/raw-batch.ts';
import { sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { type Measurement, summarize } from '../../test/bench/measure.ts';
import { makeSampleBatch, SAMPLES } from '../../test/bench/sample-batch.ts';
import { runWorker, type WorkerRun } from '../../test/bench/worker.ts';

const BATCHES = 12_000;
const RUNS = 2;

/** Prints its port, and then does nothing. */
const DEAF = `const socket = require('node:dgram').createSocket('udp4');
socket.bind(0, '127.0.0.1', () => {
  require('node:fs').writeSync(1, String(socket.address().port));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;

function* rawBatches(): Generator<Buffer> {
  const message = sampleBatchCodec.encode(makeSampleBatch());
  const batch = openRawBatch(message);
  const { encodeHead } = sampleBatchCodec.split('samples');
  for (let batchSequence = 1; batchSequence <= BATCHES; batchSequence++)
    yield Buffer.concat([encodeHead({ ...batch, batchSequence }), message.subarray(batch.samplesAt)]);
}

async function measure(): Promise<WorkerRun[]> {
  const collector = spawn(process.execPath, ['-e', DEAF], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [port] = await once(collector.stdout, 'data');
    return await runWorker({
      service: 'sflow',
      load: { topic: topicNames.rawSamples, messages: rawBatches() },
      samples: BATCHES * SAMPLES,
      metric: 'flow_samples_total',
      config: () => `sflow: {collectors: ["127.0.0.1:${port}"], max_age_ms: 1000000000}`,
      runs: RUNS,
    });
  } finally {
    collector.kill('SIGKILL');
  }
}

let measured: Promise<WorkerRun[]> | undefined;

function metric(pick: (run: WorkerRun) => number, unit: string, digits = 0): () => Promise<Measurement> {
  return async () => {
    measured ??= measure();
    return summarize((await measured).map(pick), unit, digits);
  };
}

export const benchmarks: Record<string, () => Promise<Measurement>> = {
  'sflow.emit_samples_per_s': metric((run) => run.samplesPerSecond, 'samples/s'),
  'sflow.emit_cpu_s_per_million': metric((run) => run.cpuSecondsPerMillion, 'CPU s', 3),
};
