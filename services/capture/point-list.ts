// All measuring points there are and were. What is gone stays until its last state was published and a while has passed;
// then its numbers are kept: in sums, so that totals never fall, and by key, so that an interface that comes back goes on
// with its sequence. Both are bounded: containers come and go for months. Pure.

import type { SourceState } from '@tcxflow/schemas/generated.ts';
import type { Counters, Direction } from 'libbpf-ts/capture.ts';
import type { PointState } from './batch-builder.ts';

export interface PointList {
  /** Those that are sampled, and those not long gone. */
  all(): PointState[];
  /** What `all` and every earlier point have counted: those of earlier ones under the name "(gone)". */
  states(): SourceState[];
  /** A point with the key of an earlier one has that one's numbers in its own: it began with `numbersOf`. */
  add(point: PointState): void;
  /** Its interface is gone, and its last state was published. */
  retire(point: PointState, now: number): void;
  /** Forgets those that were retired long ago. */
  prune(now: number): void;
  /** The last numbers of an earlier point with this key. */
  numbersOf(key: string): Counters | undefined;
}

/** Whoever follows the counters has read the last ones by then. */
const KEPT_MS = 300_000;
const REMEMBERED_MAX = 32_768;
const GONE = '(gone)';

export function createPointList(keptMs = KEPT_MS, rememberedMax = REMEMBERED_MAX): PointList {
  const points = new Map<string, PointState>();
  const retired = new Map<string, { at: number; counters: Counters; direction: Direction }>();
  const remembered = new Map<string, { counters: Counters; direction: Direction }>();
  const sums: Record<Direction, Counters> = { ingress: zero(), egress: zero() };

  function forget(key: string): void {
    const entry = retired.get(key);
    if (!entry) return;
    points.delete(key);
    retired.delete(key);
    add(sums[entry.direction], entry.counters, 1);
    remembered.set(key, entry);
    for (const oldest of remembered.keys()) {
      if (remembered.size <= rememberedMax) break;
      remembered.delete(oldest);
    }
  }

  return {
    all: () => [...points.values()],
    states() {
      const states = [...points.values()].map((point) => point.read());
      for (const direction of ['ingress', 'egress'] as const)
        if (sums[direction].buffers > 0)
          states.push({ ifIndex: 0, ifName: GONE, direction, linkType: 'ethernet', lostOnWay: 0, ...sums[direction] });
      return states;
    },
    add(point) {
      const earlier = remembered.get(point.key);
      if (earlier) add(sums[earlier.direction], earlier.counters, -1);
      remembered.delete(point.key);
      retired.delete(point.key);
      points.set(point.key, point);
    },
    retire(point, now) {
      if (points.get(point.key) !== point) return;
      const { direction, ...state } = point.read();
      retired.set(point.key, { at: now, counters: countersOf(state), direction });
    },
    prune(now) {
      for (const [key, { at }] of [...retired]) if (now - at >= keptMs) forget(key);
    },
    numbersOf: (key) => (retired.get(key) ?? remembered.get(key))?.counters,
  };
}

const names = ['packets', 'buffers', 'bytes', 'selected', 'ringFull', 'copyFailed', 'own', 'ownSelected'] as const;

function zero(): Counters {
  return countersOf({});
}

function countersOf(from: Partial<Counters>): Counters {
  return Object.fromEntries(names.map((name) => [name, from[name] ?? 0])) as unknown as Counters;
}

function add(sum: Counters, counters: Counters, sign: 1 | -1): void {
  for (const name of names) sum[name] += sign * counters[name];
}
