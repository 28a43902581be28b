// What one start of an agent has to say, as messages of the bus. Their sequences begin with its boot id.

import { writeLong } from '@tcxflow/schemas/binary.ts';
import type { InterfaceMetadata } from '@tcxflow/schemas/generated.ts';
import {
  countersCodec,
  dropBatchCodec,
  ORIGIN_HEADER,
  ORIGIN_SFLOW,
  sampleBatchCodec,
  topicNames,
} from '@tcxflow/schemas/topics.ts';
import type { CounterNumbers } from './counters-of.ts';
import type { DropNumbers } from './drop-numbers.ts';
import type { FlowBatch } from './flow-batch.ts';

export interface Outgoing {
  topic: string;
  key: string;
  headers?: Record<string, string>;
  value: Buffer;
  samples: number;
}

export interface Identity {
  agent: string;
  agentAddress: Buffer;
  bootId: Buffer;
}

export interface Messages {
  samples(flows: FlowBatch): Outgoing;
  /** @param counted undefined: it only tells of interfaces, and has the sequence of the counters before it */
  counters(counted: ReturnType<CounterNumbers['take']>, metadata: InterfaceMetadata[], nowMs: number): Outgoing;
  drops(dropped: NonNullable<ReturnType<DropNumbers['take']>>): Outgoing;
}

const ARRAY_END = Buffer.from([0]);

export function createMessages(identity: Identity): Messages {
  const { agent: key } = identity;
  const addressed = { key, headers: { [ORIGIN_HEADER]: ORIGIN_SFLOW } };
  const head = { ...identity, clockOffsetNs: 0n, clockUncertaintyNs: 0 };
  const sequences = { samples: 0, counters: 0, drops: 0 };
  return {
    samples(flows) {
      const { sources, baseTimeMs, count } = flows;
      const batch = { ...head, batchSequence: ++sequences.samples, baseTimeNs: timeNs(baseTimeMs), sources };
      const value = withSamples(sampleBatchCodec.encode({ ...batch, samples: [] }), flows);
      return { topic: topicNames.rawSamples, ...addressed, value, samples: count };
    },
    counters(counted, metadata, nowMs) {
      if (counted) sequences.counters++;
      const { interfaces, host } = counted ?? { interfaces: [], host: null };
      const message = { ...identity, sequence: sequences.counters, timeNs: timeNs(nowMs) };
      const value = countersCodec.encode({ ...message, interfaces, host, metadata });
      return { topic: topicNames.counters, ...addressed, value, samples: interfaces.length };
    },
    drops(dropped) {
      const value = dropBatchCodec.encode({ ...head, batchSequence: ++sequences.drops, ...dropped });
      return { topic: topicNames.drops, ...addressed, value, samples: dropped.drops.length };
    },
  };
}

/** An Avro array is a count, as many items, and a zero; `message` ends with the zero of an empty one. */
function withSamples(message: Buffer, { items, count }: FlowBatch): Buffer {
  const countBytes = Buffer.alloc(5);
  const length = writeLong(countBytes, 0, count);
  return Buffer.concat([message.subarray(0, -1), countBytes.subarray(0, length), items, ARRAY_END]);
}

export function timeNs(timeMs: number): bigint {
  return BigInt(Math.round(timeMs)) * 1_000_000n;
}
