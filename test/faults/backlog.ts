// A backlog for each kind of worker, large enough to be busy with.

import { decodedMessage, MESSAGE_SAMPLES, START_MS } from '@tcxflow/aggregate/testing/messages.ts';
import { compressionTypes, createKafka } from '@tcxflow/common/kafka.ts';
import { openRawBatch } from '@tcxflow/common/raw-batch.ts';
import { createRenewingProducer } from '@tcxflow/common/renewing-producer.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { decodedBatchCodec, flowCodec, sampleBatchCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { makeSampleBatch } from '../bench/sample-batch.ts';
import { makeFlows } from '../support/flows.ts';
import type { Service } from './workers.ts';

export const PARTITIONS = 4;
const FLOWS = 2000;
const BODIES = 64;
/** Of the samples' own times, from batch to batch: windows of 2 s close several times a second. */
const BATCH_MS = 50;
const SEND_BYTES = 2 << 20;

function* rawBatches(count: number): Generator<Buffer> {
  const { encodeHead } = sampleBatchCodec.split('samples');
  const message = sampleBatchCodec.encode(makeSampleBatch());
  const batch = openRawBatch(message);
  const body = message.subarray(batch.samplesAt);
  for (let batchSequence = 1; batchSequence <= count; batchSequence++)
    yield Buffer.concat([encodeHead({ ...batch, batchSequence }), body]);
}

/** As decode does it, a flow is always in the same partition. */
function* decodedBatches(count: number): Generator<Buffer> {
  const { encodeHead, decodeHead } = decodedBatchCodec.split('samples');
  const bodies = Array.from({ length: BODIES }, (_, index) => {
    const key = (sample: number) => ((sample * 7 + index) % FLOWS) * PARTITIONS + (index % PARTITIONS);
    const message = decodedMessage(
      Array.from({ length: MESSAGE_SAMPLES }, (_, sample) => key(sample)),
      index,
    );
    const { value, offset } = decodeHead<Parameters<typeof encodeHead>[0]>(message);
    return { head: value as object, body: message.subarray(offset) };
  });
  for (let sourceOffset = 0; sourceOffset < count; sourceOffset++) {
    const { head, body } = bodies[sourceOffset % BODIES] as (typeof bodies)[number];
    const baseTimeNs = BigInt(START_MS + sourceOffset * BATCH_MS) * 1_000_000n;
    yield Buffer.concat([encodeHead({ ...head, sourceOffset, baseTimeNs }), body]);
  }
}

function* flows(count: number): Generator<Buffer> {
  const windowStart = Math.floor(Date.now() / 60_000) * 60_000;
  const messages = makeFlows(10_000, windowStart).map((flow) => flowCodec.encode(flow));
  for (let index = 0; index < count; index++) yield messages[index % messages.length] as Buffer;
}

export const inputs: Record<Service, string> = {
  decode: topicNames.rawSamples,
  aggregate: topicNames.decodedSamples,
  writer: topicNames.flows,
};

const backlogs: Record<Service, () => Generator<Buffer>> = {
  decode: () => rawBatches(8000),
  aggregate: () => decodedBatches(6000),
  writer: () => flows(1_500_000),
};

/** Spread over the partitions in turn. Not compressed: the same samples again and again would all fit into one fetch. */
export async function fill(config: Parameters<typeof createKafka>[0], service: Service): Promise<void> {
  const producer = createRenewingProducer(createKafka(config, 'faults', quietLog));
  await producer.start();
  const topic = inputs[service];
  let batch: { partition: number; value: Buffer }[] = [];
  let bytes = 0;
  let count = 0;
  const send = async () => {
    await producer.sendBatch({ compression: compressionTypes.none, topicMessages: [{ topic, messages: batch }] });
    batch = [];
    bytes = 0;
  };
  for (const value of backlogs[service]()) {
    batch.push({ partition: count++ % PARTITIONS, value });
    bytes += value.length;
    if (bytes > SEND_BYTES || batch.length === 4000) await send();
  }
  if (batch.length > 0) await send();
  await producer.stop(AbortSignal.timeout(5000));
}
