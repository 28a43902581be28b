// Waits until everything that was sampled has come through, by Kafka's own offsets.

import { topicNames } from '@tcxflow/schemas/topics.ts';
import type { Admin } from 'kafkajs';

/** Which group reads which topic to its end. */
const readers: { groupId: string; topic: string; markers: boolean }[] = [
  { groupId: 'tcxflow-decode', topic: topicNames.rawSamples, markers: false },
  { groupId: 'tcxflow-aggregate', topic: topicNames.decodedSamples, markers: false },
  { groupId: 'tcxflow-writer', topic: topicNames.rawSamples, markers: false },
  { groupId: 'tcxflow-writer', topic: topicNames.counters, markers: false },
  { groupId: 'tcxflow-sflow', topic: topicNames.rawSamples, markers: false },
  { groupId: 'tcxflow-sflow', topic: topicNames.counters, markers: false },
  // A transaction ends with a marker, which takes an offset that no reader gets to see.
  { groupId: 'tcxflow-writer', topic: topicNames.flows, markers: true },
  { groupId: 'tcxflow-writer', topic: topicNames.flowSummaries, markers: true },
  { groupId: 'tcxflow-writer', topic: topicNames.ledger, markers: true },
];

/** Messages that some group has still to read and commit. */
export async function waitingMessages(admin: Admin): Promise<number> {
  let waiting = 0;
  for (const { groupId, topic, markers } of readers) {
    const ends = await admin.fetchTopicOffsets(topic);
    const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] });
    for (const { partition, high, low } of ends) {
      const offset = Number(committed?.partitions.find((entry) => entry.partition === partition)?.offset ?? -1);
      const behind = Number(high) - Math.max(offset, Number(low));
      waiting += Math.max(0, behind - (markers ? 1 : 0));
    }
  }
  return waiting;
}

const LOOK_MS = 200;
/**
 * Once is not enough: the end of a topic is told without the flows of a transaction whose markers are just being written, while
 * the offset that was committed with them may already be there.
 */
const LOOKS = 6;

/** @returns false when the deadline passed first */
export async function drain(admin: Admin, deadlineMs: number): Promise<boolean> {
  let nothing = 0;
  for (const until = Date.now() + deadlineMs; Date.now() < until; ) {
    nothing = (await waitingMessages(admin)) === 0 ? nothing + 1 : 0;
    if (nothing === LOOKS) return true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return false;
}
