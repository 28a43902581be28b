// The numbers of an agent's sFlow data sources: sample sequences, pools and drops.
//
// A data source is an interface, an agent's measuring point an interface and direction: the source's numbers are the sums over
// both directions. A batch tells of the directions that it has samples of, so that a session which begins amid an agent's
// batches cannot know the sums: there they count from what it meets first, as the datagrams do.

import type { SourceState } from '@tcxflow/schemas/generated.ts';
import type { ReadBatch } from './read-batch.ts';

interface Numbers {
  sequence: number;
  pool: number;
  drops: number;
}

/** Since this session met it; `sequence` is the highest number that came. */
export interface Point extends Numbers {
  /** What the agent had counted by then. undefined: no sample of it came yet. */
  before: Numbers | undefined;
}

/** Both directions of an interface, and the samples of wanted packets so far. */
export type DataSource = Record<SourceState['direction'], Point> & { wanted: number };

export interface DataSources {
  /** Takes what a batch tells of its points. */
  follow(batch: ReadBatch): void;
  /** Of the start of the agent that was followed last. */
  of(ifIndex: number): DataSource | undefined;
}

/** One start of the agent. */
interface Boot {
  sources: Map<number, DataSource>;
  /** It had sent batches before this session began. */
  underWay: boolean;
}

const BOOTS_MAX = 16;

export function createDataSources(): DataSources {
  /** By boot id. An agent may have several at a time: sub-agents of a switch. */
  const boots = new Map<string, Boot>();
  let boot: Boot = { sources: new Map(), underWay: false };

  /** When the agent restarts its numbers start again, and so do ours (section 7.1: they must, with the pool). */
  function followBoot({ bootId, batchSequence }: ReadBatch['head']): void {
    const id = bootId.toString('hex');
    const known = boots.get(id);
    boot = known ?? { sources: new Map(), underWay: batchSequence > 1 };
    if (known) return;
    boots.set(id, boot);
    for (const oldest of boots.keys()) {
      if (boots.size <= BOOTS_MAX) break;
      boots.delete(oldest);
    }
  }

  function pointOf({ ifIndex, direction }: SourceState): Point {
    let source = boot.sources.get(ifIndex);
    if (!source) {
      const before = () => (boot.underWay ? undefined : { sequence: 0, pool: 0, drops: 0 });
      const point = () => ({ sequence: 0, pool: 0, drops: 0, before: before() });
      source = { ingress: point(), egress: point(), wanted: 0 };
      boot.sources.set(ifIndex, source);
    }
    return source[direction];
  }

  return {
    follow({ head, samples, count }) {
      followBoot(head);
      for (const [index, state] of head.sources.entries()) {
        const point = pointOf(state);
        if (!point.before) {
          const first = firstOf(index, samples, count);
          if (first === undefined) continue;
          point.before = beforeOf(state, first);
        }
        point.pool = state.packets - point.before.pool;
        point.drops = state.ringFull + state.copyFailed - point.before.drops;
      }
    },
    of: (ifIndex) => boot.sources.get(ifIndex),
  };
}

/** @returns number of the first sample of a point; undefined: there is none */
function firstOf(source: number, samples: ReadBatch['samples'], count: number): number | undefined {
  for (let index = 0; index < count; index++) if (samples[index]?.source === source) return samples[index]?.sequence;
  return undefined;
}

/** The first sample's share of the pool begins where its number does. */
function beforeOf({ packets, selected, ringFull, copyFailed }: SourceState, first: number): Numbers {
  const sequence = first - 1;
  return { sequence, pool: Math.floor((packets * sequence) / Math.max(first, selected)), drops: ringFull + copyFailed };
}
