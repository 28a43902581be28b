// Flow samples of one agent (and sub-agent) since its start → SampleBatch.
//
// An sFlow data source is an interface; a measuring point an interface and direction. A sample counts for the direction it
// went, and so do the numbers that are missing before it and what the pool grew by: the sums over both directions are the
// agent's own numbers, from the first sample that was seen on.

import type { SourceState } from '@tcxflow/schemas/generated.ts';
import { isLocalInterface } from '../codec/constants.ts';
import type { Share } from './budget.ts';
import { type Growing, grow, LATE, REPEATED, RESTARTED, stepTo, TOTAL_MAX } from './numbers.ts';
import { asLink, type Packet } from './packet-of.ts';
import { clearSamples, createSampleSink, type SampleNumbers, writeSample } from './sample-sink.ts';
import type { FlowFields } from './scan-flows.ts';

export type Direction = SourceState['direction'];

export interface FlowTally {
  taken: number;
  synthesized: number;
  /** Not taken: they came too late, or twice. */
  late: number;
  repeated: number;
  lost: Map<string, number>;
}

export interface FlowBatch {
  sources: SourceState[];
  baseTimeMs: number;
  /** Items of SampleBatch.samples, valid until the next sample is added. */
  items: Buffer;
  count: number;
}

export interface FlowNumbers {
  /** @param packet undefined: it has none that the topics have a word for. Changed to what its point has. */
  add(sample: FlowFields, packet: Packet | undefined, timeMs: number, tally: FlowTally): void;
  readonly count: number;
  readonly bytes: number;
  /** Last N of 1:N that came of this direction of an interface; 0: none. */
  rateOf(ifIndex: number, direction: Direction): number;
  /** @returns what has come since the last call; undefined: nothing */
  take(): FlowBatch | undefined;
}

interface Point {
  state: SourceState;
  samplingRate: number;
  /** Where its state is in the batch of this number. */
  batch: number;
  index: number;
}

interface DataSource {
  sequence: number;
  pool: Growing;
  drops: Growing;
  /** Of samples that could not be used, for the next that can. */
  waiting: { packets: number; selected: number; drops: number; lost: number };
  points: Points;
}

type Points = Partial<Record<Direction, Point>>;

const SOURCES_MAX = 65_536;
const INT_MAX = 0x7fffffff;
/** The specification has four classes. */
const CLASSES_MAX = 0x1_0000;
const NS_PER_MS = 1_000_000;

export interface FlowOptions {
  nameOf: (ifIndex: number) => string;
  /** Told of an interface of which no sample of a direction had come before. */
  onNews: (ifIndex: number) => void;
  share: Share;
}

export function createFlowNumbers({ nameOf, onNews, share }: FlowOptions): FlowNumbers {
  const dataSources = new Map<number, DataSource>();
  const sink = createSampleSink();
  const numbers: SampleNumbers = {
    ...{ source: 0, sequence: 0, timeOffsetNs: 0, samplingRate: 0, inputIfIndex: 0, outputIfIndex: 0 },
  };
  /** Sources that are no interfaces are one point: numbers must not come twice. */
  const unnumbered: Points = {};
  let batch = 0;
  let points: Point[] = [];
  let baseTimeMs = 0;

  const lose = (tally: FlowTally, cause: string, count = 1) =>
    tally.lost.set(cause, (tally.lost.get(cause) ?? 0) + count);

  function sourceOf(sample: FlowFields): DataSource | undefined {
    if (sample.sourceClass >= CLASSES_MAX) return undefined;
    const key = keyOf(sample.sourceClass, sample.sourceIndex);
    let source = dataSources.get(key);
    if (!source && dataSources.size < SOURCES_MAX && share.take()) {
      // The first sample stands for as many packets as its rate says.
      const pool = { last: (sample.samplePool - sample.samplingRate) >>> 0, total: 0 };
      const drops = { last: sample.drops, total: 0 };
      const waiting = { packets: 0, selected: 0, drops: 0, lost: 0 };
      source = { sequence: (sample.sequence - 1) >>> 0, pool, drops, waiting, points: {} };
      dataSources.set(key, source);
    }
    return source;
  }

  function pointOf(
    source: DataSource,
    direction: Direction,
    ifIndex: number,
    linkType: SourceState['linkType'],
  ): Point {
    const of = ifIndex === 0 ? unnumbered : source.points;
    const known = of[direction];
    if (known) return known;
    const pool = { packets: 0, buffers: 0, bytes: 0, own: 0, ownSelected: 0, lostOnWay: 0 };
    const state = { ifIndex, ifName: '', direction, linkType, ...pool, selected: 0, ringFull: 0, copyFailed: 0 };
    const point = { state, samplingRate: 0, batch: -1, index: 0 };
    of[direction] = point;
    onNews(ifIndex);
    return point;
  }

  /** Takes the sample's numbers: what it stands for, and what is missing before it. */
  function follow(source: DataSource, sample: FlowFields, gap: number, restarted: boolean, tally: FlowTally): void {
    source.sequence = sample.sequence;
    if (restarted) {
      source.pool.last = (sample.samplePool - sample.samplingRate) >>> 0;
      source.drops.last = sample.drops;
    }
    const { pool, drops, waiting } = source;
    const packets = pool.total;
    const before = drops.total;
    waiting.packets += grow(pool, sample.samplePool) - packets;
    const dropped = grow(drops, sample.drops) - before;
    waiting.drops += dropped;
    // Agents that number what they choose have dropped samples in the gap, others beside it.
    waiting.selected += Math.max(gap, dropped) + 1;
    if (gap <= dropped) return;
    waiting.lost += gap - dropped;
    lose(tally, 'sequence_gap', gap - dropped);
  }

  function takeWaiting({ waiting }: DataSource, state: SourceState): void {
    state.packets += waiting.packets;
    state.buffers += waiting.packets;
    state.ringFull += waiting.drops;
    state.lostOnWay += waiting.lost;
    state.selected += waiting.selected;
    waiting.packets = waiting.drops = waiting.lost = waiting.selected = 0;
  }

  /** @returns why it could not be used; undefined: it was */
  function take(sample: FlowFields, packet: Packet | undefined, timeMs: number, tally: FlowTally): string | undefined {
    const { samplingRate } = sample;
    if (samplingRate === 0 || samplingRate > INT_MAX) return 'no_rate';
    const source = sourceOf(sample);
    if (!source) return 'too_many_sources';
    const step = stepTo(source.sequence, sample.sequence);
    // A late one was counted as lost when its number was passed over.
    if (step === LATE || step === REPEATED) {
      tally[step === LATE ? 'late' : 'repeated']++;
      return undefined;
    }
    follow(source, sample, Math.max(0, step), step === RESTARTED, tally);
    if (!packet) return 'unsupported_header';
    const ifIndex = sample.sourceClass === 0 && sample.sourceIndex <= INT_MAX ? sample.sourceIndex : 0;
    const input = interfaceOf(sample.inputFormat, sample.input);
    const output = interfaceOf(sample.outputFormat, sample.output);
    const direction = input !== ifIndex && output === ifIndex ? 'egress' : 'ingress';
    const point = pointOf(source, direction, ifIndex, packet.linkType);
    const { state } = point;
    takeWaiting(source, state);
    point.samplingRate = samplingRate;
    asLink(packet, state.linkType);
    state.bytes = Math.min(TOTAL_MAX, state.bytes + packet.wireBytes * samplingRate);
    if (sink.count === 0) baseTimeMs = timeMs;
    numbers.source = indexOf(point);
    numbers.sequence = state.selected;
    numbers.timeOffsetNs = Math.round((timeMs - baseTimeMs) * NS_PER_MS);
    numbers.samplingRate = samplingRate;
    numbers.inputIfIndex = direction === 'egress' ? input : 0;
    numbers.outputIfIndex = direction === 'ingress' ? output : 0;
    writeSample(sink, numbers, packet);
    tally.taken++;
    if (packet.synthesized) tally.synthesized++;
    return undefined;
  }

  function indexOf(point: Point): number {
    if (point.batch !== batch) {
      point.batch = batch;
      point.index = points.push(point) - 1;
    }
    return point.index;
  }

  return {
    add(sample, packet, timeMs, tally) {
      const cause = take(sample, packet, timeMs, tally);
      if (cause) lose(tally, cause);
    },
    get count() {
      return sink.count;
    },
    get bytes() {
      return sink.length;
    },
    rateOf: (ifIndex, direction) => dataSources.get(keyOf(0, ifIndex))?.points[direction]?.samplingRate ?? 0,
    take() {
      if (sink.count === 0) return undefined;
      const sources = points.map(({ state }) => ({ ...state, ifName: nameOf(state.ifIndex) }));
      const taken = { sources, baseTimeMs, items: sink.bytes.subarray(0, sink.length), count: sink.count };
      batch++;
      points = [];
      clearSamples(sink);
      return taken;
    },
  };
}

function keyOf(sourceClass: number, sourceIndex: number): number {
  return sourceClass * 0x1_0000_0000 + sourceIndex;
}

/** 0: unknown, the device itself, several, or none. */
function interfaceOf(format: number, value: number): number {
  return format === 0 && !isLocalInterface(format, value) && value <= INT_MAX ? value : 0;
}
