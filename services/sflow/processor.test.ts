import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import type { PartitionContext } from '@tcxflow/common/partition-consumer.ts';
import type { DropBatch } from '@tcxflow/schemas/generated.ts';
import {
  countersCodec,
  dropBatchCodec,
  ORIGIN_HEADER,
  ORIGIN_SFLOW,
  sampleBatchCodec,
  topicNames,
} from '@tcxflow/schemas/topics.ts';
import type { KafkaMessage } from 'kafkajs';
import { testCounters } from './codec/testing/stream.ts';
import { streamsOf } from './collector-options.ts';
import type { Collectors } from './collectors.ts';
import { sflowSection } from './config.ts';
import { createSflowMetrics } from './metrics.ts';
import { openProcessor } from './processor.ts';
import { createSessions } from './sessions.ts';
import { batch, raw } from './testing/session.ts';

/** The address of an agent of the receiver is its name; a host may be named so too. */
const NAME = '192.0.2.1';
const nowNs = () => BigInt(Date.now()) * 1_000_000n;
const drop = {
  reason: 0,
  timeOffsetNs: 0,
  samplingRate: 1,
  netns: 0,
  segments: 1,
  ifIndex: 2,
  ifName: '',
  inputIfIndex: 2,
};
const reason = {
  name: 'NO_SOCKET',
  number: 3,
  buffers: 1,
  packets: 1,
  local: 0,
  selected: 1,
  overBound: 0,
  ringFull: 0,
};

const values: [string, () => Buffer][] = [
  [
    topicNames.rawSamples,
    () => sampleBatchCodec.encode(batch([raw(1), raw(2)], undefined, { agent: NAME, baseTimeNs: nowNs() })),
  ],
  [
    topicNames.counters,
    () => {
      const { agentAddress, bootId } = batch([]);
      const head = { agent: NAME, agentAddress, bootId, sequence: 1, timeNs: nowNs() };
      return countersCodec.encode({ ...head, interfaces: [testCounters(2, 1)], host: null, metadata: [] });
    },
  ],
  [
    topicNames.drops,
    () => {
      const { agentAddress, bootId, clockOffsetNs, clockUncertaintyNs } = batch([]);
      const head = { agent: NAME, agentAddress, bootId, batchSequence: 1, baseTimeNs: nowNs() };
      const drops = [{ ...drop, linkType: 'ethernet' as const, etherType: 0, bytes: 60, header: Buffer.alloc(0) }];
      const dropBatch: DropBatch = { ...head, clockOffsetNs, clockUncertaintyNs, reasons: [reason], drops, missed: 0 };
      return dropBatchCodec.encode(dropBatch);
    },
  ],
];

/** @returns what a message of each topic became: datagrams, and samples that were passed over as received */
async function processed(relay: boolean, headers: KafkaMessage['headers']) {
  const config = sflowSection.parse({ collectors: [{ address: 'a:1', discards: true }] });
  const metrics = createSflowMetrics(createMetrics('sflow'));
  const datagrams: string[] = [];
  const sessions = createSessions(
    config,
    (
      (streams) => () =>
        streams
    )(streamsOf(config)),
  );
  for (const [topic, value] of values) {
    const collectors = { pending: 0, drained: async () => undefined, send: () => void datagrams.push(topic) };
    const deps = { collectors: collectors as unknown as Collectors, sessions, relay, metrics };
    const context = { topic, partition: 0, commit: async () => true } as unknown as PartitionContext;
    const message = { offset: '7', key: null, timestamp: '0', attributes: 0, value: value(), headers };
    await openProcessor(context, deps).process([message as KafkaMessage]);
  }
  const passedOver = (await metrics.passedOver.get()).values.find(({ labels }) => labels.cause === 'received');
  return { topics: [...new Set(datagrams)], passedOver: passedOver?.value ?? 0 };
}

test('what came as sFlow does not go out as such again, unless it is asked for, whatever its agent is called', async () => {
  const received = { [ORIGIN_HEADER]: Buffer.from(ORIGIN_SFLOW) };
  const all = values.map(([topic]) => topic);
  assert.deepEqual(await processed(false, received), { topics: [], passedOver: 2 });
  assert.deepEqual(await processed(true, received), { topics: all, passedOver: 0 });
  assert.deepEqual(await processed(false, {}), { topics: all, passedOver: 0 });
  assert.deepEqual(await processed(false, undefined), { topics: all, passedOver: 0 });
});
