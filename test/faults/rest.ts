// Waits until all that was sent has come through, by Kafka's own offsets.

import { setTimeout as sleep } from 'node:timers/promises';
import { topicNames } from '@tcxflow/schemas/topics.ts';
import type { Admin } from 'kafkajs';

/** Topics that are read to their end, and by which group. */
const readers = [
  { groupId: 'tcxflow-decode', topic: topicNames.rawSamples },
  { groupId: 'tcxflow-aggregate', topic: topicNames.decodedSamples },
];
const LOOK_MS = 200;
/** What was just produced may not be in the end of its topic yet. */
const LOOKS = 6;

/** @returns offsets by partition; -1: nothing was committed */
export async function committed(admin: Admin, groupId: string, topic: string): Promise<Map<number, number>> {
  const [entry] = await admin.fetchOffsets({ groupId, topics: [topic] }).catch((error: { retriable?: boolean }) => {
    if (error.retriable) return []; // coordinators are still loading right after a start
    throw error;
  });
  return new Map(entry?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
}

/** @returns messages that decode and aggregate have still to do */
export async function waiting(admin: Admin): Promise<number> {
  let count = 0;
  for (const { groupId, topic } of readers) {
    const offsets = await committed(admin, groupId, topic);
    for (const { partition, high } of await admin.fetchTopicOffsets(topic))
      count += Math.max(0, Number(high) - Math.max(0, offsets.get(partition) ?? 0));
  }
  return count;
}

/** decode and aggregate are at the end of their topics, and stay there. @returns false when they are not in time */
export function flowsAreOut(admin: Admin, withinMs: number): Promise<boolean> {
  return holds(withinMs, async () => (await waiting(admin)) === 0);
}

/** writer has committed the last flow of each partition. @returns false when it has not in time */
export function flowsAreWritten(admin: Admin, last: Map<number, number>, withinMs: number): Promise<boolean> {
  return holds(withinMs, async () => {
    const offsets = await committed(admin, 'tcxflow-writer', topicNames.flows);
    return [...last].every(([partition, offset]) => (offsets.get(partition) ?? 0) > offset);
  });
}

async function holds(withinMs: number, is: () => Promise<boolean>): Promise<boolean> {
  let times = 0;
  for (const until = performance.now() + withinMs; performance.now() < until; await sleep(LOOK_MS)) {
    times = (await is()) ? times + 1 : 0;
    if (times === LOOKS) return true;
  }
  return false;
}
