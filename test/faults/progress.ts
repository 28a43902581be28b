// How a group gets on in each partition of a topic, by its committed offsets.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from 'kafkajs';

export interface Progress {
  /** Messages a second, of all partitions. */
  perSecond: number;
  /** The longest time that a partition's offset stood still, ms; as exact as LOOK_MS. */
  longestPauseMs: number;
  /** All had been read before the time was over: the rate says nothing. */
  ended: boolean;
}

const LOOK_MS = 100;

export async function watchProgress(admin: Admin, groupId: string, topic: string, forMs: number): Promise<Progress> {
  const ends = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]));
  const beganAt = performance.now();
  const movedAt = new Map<number, number>();
  const offsets = new Map<number, number>();
  let longestPauseMs = 0;
  let first: number | undefined;
  let sum = 0;
  let now = beganAt;
  for (; now < beganAt + forMs; await sleep(LOOK_MS)) {
    const [entry] = await admin.fetchOffsets({ groupId, topics: [topic] });
    now = performance.now();
    sum = 0;
    for (const { partition, offset } of entry?.partitions ?? []) {
      const position = Math.max(0, Number(offset));
      sum += position;
      const isDone = position >= (ends.get(partition) ?? 0);
      if (!isDone) longestPauseMs = Math.max(longestPauseMs, now - (movedAt.get(partition) ?? beganAt));
      if (offsets.get(partition) !== position) movedAt.set(partition, now);
      offsets.set(partition, position);
    }
    first ??= sum;
  }
  const ended = [...ends].every(([partition, high]) => (offsets.get(partition) ?? 0) >= high);
  return { perSecond: ((sum - (first ?? 0)) * 1000) / (now - beganAt), longestPauseMs, ended };
}
