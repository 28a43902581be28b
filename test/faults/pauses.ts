// How long partitions stand still while the load goes on, by the offsets that their groups commit: what is committed has been
// produced, emitted or inserted before.

import { setTimeout as sleep } from 'node:timers/promises';
import { topicNames } from '@tcxflow/schemas/topics.ts';
import type { Admin } from 'kafkajs';
import { committed } from './rest.ts';
import { type Service, services } from './workers.ts';

/** What each kind of worker reads; of writer's topics the one that hosts write: flows would pause with aggregate. */
const inputs: Record<Service, string> = {
  decode: topicNames.rawSamples,
  aggregate: topicNames.decodedSamples,
  writer: topicNames.rawSamples,
};

export interface PauseWatch {
  /** How many partitions of each have moved since a moment (ms of performance.now()). */
  movedSince(ms: number): Record<Service, number>;
  /** The longest since the last call, of any partition, ms; one that still lasts counts up to now. As exact as LOOK_MS. */
  longestMs(): Record<Service, number>;
  stop(): Promise<void>;
}

const LOOK_MS = 50;

interface Position {
  offset: number;
  movedAt: number;
}

const ofEach = <T>(make: (service: Service) => T) =>
  Object.fromEntries(services.map((service) => [service, make(service)])) as Record<Service, T>;

export function watchPauses(admin: Admin): PauseWatch {
  const positions = ofEach(() => new Map<number, Position>());
  let longest = ofEach(() => 0);
  let on = true;

  async function look(service: Service): Promise<void> {
    const offsets = await committed(admin, `tcxflow-${service}`, inputs[service]);
    const now = performance.now();
    for (const [partition, offset] of offsets) {
      const before = positions[service].get(partition);
      // Begins to count with the first commit: before it there may have been nothing to read.
      if (!before && offset < 0) continue;
      if (before) longest[service] = Math.max(longest[service], now - before.movedAt);
      if (before?.offset !== offset) positions[service].set(partition, { offset, movedAt: now });
    }
  }

  const watching = (async () => {
    for (; on; await sleep(LOOK_MS)) await Promise.all(services.map(look));
  })();
  watching.catch(() => undefined); // whoever stops it gets the error
  return {
    movedSince: (ms) =>
      ofEach((service) => [...positions[service].values()].filter(({ movedAt }) => movedAt > ms).length),
    longestMs() {
      const result = longest;
      longest = ofEach(() => 0);
      return result;
    },
    async stop() {
      on = false;
      await watching;
    },
  };
}
