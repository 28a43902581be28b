// What agents said of their interfaces and of themselves, by the time from which it holds. Of each start of an agent on its
// own: it says everything anew, and what it does not say is not there any more. Bounded. Pure.

import type { Counters } from '@tcxflow/schemas/generated.ts';
import type { InterfaceTraits } from './classify.ts';

/** What holds from a time on; undefined: the interface is gone. */
interface Interval<T> {
  fromNs: bigint;
  value: T | undefined;
}

/** One start of an agent. */
export interface AgentNames {
  interface(ifIndex: number, timeNs: bigint): InterfaceTraits | undefined;
  hostname(timeNs: bigint): string;
}

export interface NameTable {
  learn(counters: Pick<Counters, 'agent' | 'bootId' | 'timeNs' | 'host' | 'metadata'>): void;
  find(agent: string, bootId: Uint8Array): AgentNames | undefined;
  /** Intervals of all. */
  readonly entries: number;
}

export type DropCause = 'full' | 'history';

/** Changes of one interface that are kept: one that flaps for days must not push out the others. */
const INTERVALS_MAX = 64;
/** An agent sees an interface, samples it, and tells of it a moment later. */
const EARLY_NS = 10_000_000_000n;

interface Start extends AgentNames {
  interfaces: Map<number, Interval<InterfaceTraits>[]>;
  hostnames: Interval<string>[];
  entries: number;
}

/** @param onDrop is told how many intervals were given up, and why */
export function createNameTable(entriesMax: number, onDrop: (cause: DropCause, count: number) => void): NameTable {
  /** In the order of the last news: a Map keeps the order in which its keys came. */
  const starts = new Map<string, Start>();
  let entries = 0;

  function touch(key: string): Start {
    const start = starts.get(key) ?? makeStart();
    starts.delete(key);
    starts.set(key, start);
    return start;
  }

  function add<T>(start: Start, list: Interval<T>[], interval: Interval<T>): void {
    const added = insert(list, interval);
    entries += added;
    start.entries += added;
    if (list.length <= INTERVALS_MAX) return;
    list.shift();
    entries--;
    start.entries--;
    onDrop('history', 1);
  }

  function makeRoom(): void {
    for (const [key, oldest] of starts) {
      if (entries <= entriesMax) return;
      starts.delete(key);
      entries -= oldest.entries;
      onDrop('full', oldest.entries);
    }
  }

  return {
    learn({ agent, bootId, timeNs, host, metadata }) {
      const hostname = host?.description?.hostname;
      if (metadata.length === 0 && hostname === undefined) return;
      const start = touch(keyOf(agent, bootId));
      if (hostname !== undefined && find(start.hostnames, timeNs) !== hostname)
        add(start, start.hostnames, { fromNs: timeNs, value: hostname });
      for (const { validFromNs, removed, ifIndex, name, alias, kind, speedBps } of metadata) {
        const list = start.interfaces.get(ifIndex) ?? [];
        start.interfaces.set(ifIndex, list);
        add(start, list, { fromNs: validFromNs, value: removed ? undefined : { name, alias, kind, speedBps } });
      }
      makeRoom();
    },
    find: (agent, bootId) => starts.get(keyOf(agent, bootId)),
    get entries() {
      return entries;
    },
  };
}

function makeStart(): Start {
  const interfaces: Start['interfaces'] = new Map();
  const hostnames: Start['hostnames'] = [];
  return {
    interfaces,
    hostnames,
    entries: 0,
    interface: (ifIndex, timeNs) => find(interfaces.get(ifIndex) ?? [], timeNs),
    hostname: (timeNs) => find(hostnames, timeNs) ?? '',
  };
}

/** What held at a time; shortly before the first word the first word. */
function find<T>(intervals: readonly Interval<T>[], timeNs: bigint): T | undefined {
  for (let i = intervals.length - 1; i >= 0; i--) {
    const { fromNs, value } = intervals[i] as Interval<T>;
    if (fromNs <= timeNs) return value;
  }
  const first = intervals[0];
  return first && first.fromNs - timeNs <= EARLY_NS ? first.value : undefined;
}

/** In the order of time; the same time again replaces. @returns how many more there are */
function insert<T>(intervals: Interval<T>[], interval: Interval<T>): 0 | 1 {
  let index = intervals.length;
  while (index > 0 && (intervals[index - 1] as Interval<T>).fromNs > interval.fromNs) index--;
  const before = intervals[index - 1];
  if (before?.fromNs === interval.fromNs) {
    before.value = interval.value;
    return 0;
  }
  intervals.splice(index, 0, interval);
  return 1;
}

function keyOf(agent: string, bootId: Uint8Array): string {
  return `${Buffer.from(bootId.buffer, bootId.byteOffset, bootId.length).toString('latin1')}${agent}`;
}
