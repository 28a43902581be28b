// Reads whole topics after all has come to rest: flows as any consumer with read_committed does, and the heads of raw batches.

import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from '@tcxflow/common/kafkajs.ts';
import { openRawBatch } from '@tcxflow/common/raw-batch.ts';
import { flowCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import type { Kafka, KafkaMessage } from 'kafkajs';
import { addTo, type FlowKey, type Measures } from './truth.ts';

export function connect(brokers: string[]): Kafka {
  return new kafkajs.Kafka({
    clientId: 'faults',
    brokers,
    retry: { initialRetryTime: 100, retries: 20 },
    logCreator: () => () => undefined,
  });
}

const QUIET_MS = 2500;
const FIRST_MS = 15_000;

/** @param onMessage of what is committed, in the order of each partition */
async function readTopic(kafka: Kafka, topic: string, onMessage: (partition: number, message: KafkaMessage) => void) {
  const consumer = kafka.consumer({ groupId: `faults-${crypto.randomUUID()}`, maxWaitTimeInMs: 200 });
  let lastAt = performance.now() + FIRST_MS;
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    async eachBatch({ batch }) {
      for (const message of batch.messages) onMessage(batch.partition, message);
      lastAt = performance.now();
    },
  });
  while (performance.now() - lastAt < QUIET_MS) await sleep(50);
  await consumer.disconnect();
}

export interface TopicFlows {
  messages: number;
  cells: { key: FlowKey; measures: Measures }[];
  /** By partition. */
  lastOffsets: Map<number, number>;
}

export async function readFlows(kafka: Kafka): Promise<TopicFlows> {
  const result: TopicFlows = { messages: 0, cells: [], lastOffsets: new Map() };
  await readTopic(kafka, topicNames.flows, (partition, { offset, value }) => {
    const flow = flowCodec.decode(value);
    const { agent, ifIndex, direction, protocol, srcPort, dstPort, samples, packets, bytes } = flow;
    const minute = Math.floor(flow.windowStart / 60_000) * 60_000;
    const addresses = { src: flow.srcAddress.toString('hex'), dst: flow.dstAddress.toString('hex') };
    result.cells.push({
      key: { minute, agent, ifIndex, direction, protocol, ...addresses, srcPort, dstPort },
      measures: { samples, packets, bytes },
    });
    result.messages++;
    result.lastOffsets.set(partition, Number(offset));
  });
  return result;
}

/** How often each raw batch is in its topic: more than once when an answer was lost. */
export async function readRawBatches(kafka: Kafka): Promise<{ batches: number; repeated: string[] }> {
  const seen = new Map<string, string[]>();
  await readTopic(kafka, topicNames.rawSamples, (partition, { offset, value }) => {
    const { agent, bootId, batchSequence } = openRawBatch(value);
    const key = `${agent} ${bootId.toString('hex').slice(0, 8)} ${batchSequence}`;
    const places = seen.get(key) ?? [];
    seen.set(key, places);
    places.push(`${partition}/${offset}`);
  });
  const repeated = [...seen].filter(([, places]) => places.length > 1);
  return { batches: seen.size, repeated: repeated.map(([key, places]) => `${key} at ${places.join(', ')}`) };
}

export function sumCells(cells: TopicFlows['cells'], keysOf: (key: FlowKey) => string[]) {
  const sums = new Map<string, Measures>();
  for (const { key, measures } of cells) for (const text of keysOf(key)) addTo(sums, text, measures);
  return sums;
}
