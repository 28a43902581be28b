// Event-time tumbling windows of one partition: samples in, flows and summaries out. Pure; time and offsets are handed in.
//
// Every measure is additive, so a window may be emitted more than once: what comes late makes a further record.

import { decodedBatchCodec } from '@tcxflow/schemas/topics.ts';
import {
  type BatchHead,
  type BatchTables,
  createSampleRows,
  openBatch,
  readSamples,
  type SampleRows,
} from './decoded-batch.ts';
import type { Eviction } from './eviction.ts';
import { addRow, Double, KEY_WORDS, ROW_WORDS, TUNNEL_WORDS, Word } from './flow-row.ts';
import type { KeySet } from './key-set.ts';
import {
  avroString,
  createDictionary,
  type Dictionary,
  makeOrigin,
  numberOf,
  type Origin,
  originText,
  pointText,
} from './origins.ts';
import { chunkOf, createRowTable, findOrAdd, type RowTable, wordOf } from './row-table.ts';
import { addSummaries, createSummarySet, type SummarySet } from './summaries.ts';
import { SUMMARY_KEY_WORDS, SUMMARY_WORDS } from './summary-row.ts';

/** Source partition → highest source offset seen: what is not above it was seen before. */
export type HighWater = Map<number, number>;

export interface Window {
  /** undefined: of flows, by their own key. */
  keySet: KeySet | undefined;
  startMs: number;
  windowMs: number;
  late: boolean;
  /** The first offset that put a sample into it: reading again must start there. */
  firstOffset: number;
  /** High water before that offset. */
  highWater: HighWater;
  /** What went out of it before its time. */
  evictions: Eviction[];
  /** Of flow-row.ts, or with a key set of summary-row.ts; in the order of their first samples. */
  flows: RowTable;
  tunnels: RowTable;
  /** With a key set its Avro-encoded fields, else nothing: the origins have them. */
  points: Dictionary<Buffer>;
  origins: Dictionary<Origin>;
  /** Of networks, Avro-encoded; 0 is that of none. */
  names: Dictionary<Buffer>;
}

export interface WindowSet {
  /** Of flows, by start, ms. */
  readonly windows: Map<number, Window>;
  readonly highWater: HighWater;
  /** Newest event time seen, ms; -Infinity before the first. */
  newestMs: number;
  /** All windows of flows that end at or before this were emitted. */
  closedUpToMs: number;
  /** The same samples by other keys. */
  summaries: SummarySet[];
}

export function createWindowSet(highWater: HighWater = new Map(), keySets: readonly KeySet[] = []): WindowSet {
  const summaries = keySets.map(createSummarySet);
  return { windows: new Map(), highWater, newestMs: -Infinity, closedUpToMs: -Infinity, summaries };
}

/** What is open, of flows and of all key sets. */
export function openWindows({ windows, summaries }: WindowSet): Window[] {
  return [windows, ...summaries.map((each) => each.windows)].flatMap((each) => [...each.values()]);
}

/** Says whether this window of flows, or of a key set, still needs samples of the offset at hand. */
export type Wanted = (windowStartMs: number, keySet: KeySet | undefined) => boolean;

/** Samples that went into windows of flows, and into late ones. */
export interface AddResult {
  duplicate: boolean;
  samples: number;
  lateSamples: number;
}

/** Of the message at hand: calls do not overlap. */
const samples = createSampleRows();

/**
 * Adds a DecodedBatch message that was read at `offset`: all of it, or nothing when it throws.
 * @param wanted all, except when reading again
 * @throws {SchemaError}
 */
export function addBatch(
  set: WindowSet,
  message: Buffer | null,
  offset: number,
  windowMs: number,
  wanted: Wanted,
): AddResult {
  const result: AddResult = { duplicate: false, samples: 0, lateSamples: 0 };
  const current = decodedBatchCodec.current(message);
  const opened = openBatch(current);
  const { head } = opened;
  const seen = set.highWater.get(head.sourcePartition);
  if (seen !== undefined && head.sourceOffset <= seen) return { ...result, duplicate: true };
  const tables = readSamples(current, opened, windowMs, samples);

  // Nothing was changed until here, and from here on nothing throws for what a message holds.
  const { doubles } = samples.rows;
  let highWater: HighWater | undefined;
  const open = (of: WindowSet | SummarySet, startMs: number, keySet?: KeySet): Window => {
    const lengthMs = keySet?.windowMs ?? windowMs;
    highWater ??= new Map(set.highWater);
    const opened = createWindow(keySet, startMs, lengthMs, startMs + lengthMs <= of.closedUpToMs, offset, highWater);
    of.windows.set(startMs, opened);
    return opened;
  };
  // First, as adding to flows numbers the samples' own fields.
  for (const each of set.summaries) {
    const windowOf = (startMs: number) =>
      wanted(startMs, each.keySet) ? (each.windows.get(startMs) ?? open(each, startMs, each.keySet)) : undefined;
    addSummaries(each, samples, head, tables, windowOf);
  }
  let wants = false;
  let window: Window | undefined;
  let startMs = NaN;
  const numbers = new Numbers(head, tables);
  for (let index = 0; index < samples.count; index++) {
    const at = index * ROW_WORDS;
    const sampleStartMs = doubles[(at >>> 1) + Double.windowStartMs] as number;
    if (sampleStartMs !== startMs) {
      startMs = sampleStartMs;
      wants = wanted(startMs, undefined);
      window = set.windows.get(startMs) ?? (wants ? open(set, startMs) : undefined);
      if (window) numbers.enter(window);
    }
    if (!wants || !window) continue;
    addSample(window, numbers, samples, index);
    const count = doubles[(at >>> 1) + Double.samples] as number;
    result.samples += count;
    if (window.late) result.lateSamples += count;
  }
  if (samples.newestMs > set.newestMs) set.newestMs = samples.newestMs;
  set.highWater.set(head.sourcePartition, head.sourceOffset);
  return result;
}

function createWindow(
  keySet: KeySet | undefined,
  startMs: number,
  windowMs: number,
  late: boolean,
  firstOffset: number,
  highWater: HighWater,
): Window {
  const names = createDictionary<Buffer>();
  numberOf(names, '', () => avroString(''));
  return {
    keySet,
    startMs,
    windowMs,
    late,
    firstOffset,
    highWater,
    evictions: [],
    flows: keySet ? createRowTable(SUMMARY_WORDS, SUMMARY_KEY_WORDS) : createRowTable(ROW_WORDS, KEY_WORDS),
    tunnels: createRowTable(TUNNEL_WORDS, TUNNEL_WORDS),
    points: createDictionary(),
    origins: createDictionary(),
    names,
  };
}

function addSample(window: Window, numbers: Numbers, { rows, sources, tunnels }: SampleRows, index: number): void {
  const { ints } = rows;
  const at = index * ROW_WORDS;
  const source = sources[index] as number;
  const tunnel = ints[at + Word.tunnel] as number;
  ints[at + Word.point] = numbers.point(source);
  if (tunnel > 0) ints[at + Word.tunnel] = findOrAdd(window.tunnels, tunnels, (tunnel - 1) * TUNNEL_WORDS) + 1;
  const { flows } = window;
  const before = flows.count;
  const row = findOrAdd(flows, ints, at);
  const chunk = chunkOf(flows, row);
  const to = wordOf(flows, row);
  if (flows.count === before) addRow(chunk, to, rows, at);
  else numbers.describe(chunk.ints, to, source);
}

const nothing = Buffer.alloc(0);

/** What a batch numbers in its own way, by the numbers of a window. */
class Numbers {
  readonly #head: BatchHead;
  readonly #tables: BatchTables;
  #window: Window | undefined;
  /** By source, of the window that has this number: entering one is not to cost as much as there are sources. */
  readonly #entered: Int32Array;
  readonly #points: Int32Array;
  readonly #origins: Int32Array;
  #number = 0;

  constructor(head: BatchHead, tables: BatchTables) {
    this.#head = head;
    this.#tables = tables;
    this.#entered = new Int32Array(head.sources.length);
    this.#points = new Int32Array(head.sources.length);
    this.#origins = new Int32Array(head.sources.length);
  }

  enter(window: Window): void {
    this.#window = window;
    this.#number++;
  }

  point(source: number): number {
    if (this.#entered[source] === this.#number) return this.#points[source] as number;
    const { points } = this.#window as Window;
    const number = numberOf(points, pointText(this.#head, this.#head.sources[source]), () => nothing);
    // No source of this number: then the arrays have no place for it either, and ignore it.
    this.#entered[source] = this.#number;
    this.#points[source] = number;
    this.#origins[source] = -1;
    return number;
  }

  #origin(index: number): number {
    const known = this.#origins[index] ?? -1;
    if (known >= 0) return known;
    const source = this.#head.sources[index];
    const number = numberOf((this.#window as Window).origins, originText(this.#head, this.#tables, source), () =>
      makeOrigin(this.#head, this.#tables, source),
    );
    this.#origins[index] = number;
    return number;
  }

  /** Puts what a flow has of its first sample into its row. */
  describe(ints: Int32Array, at: number, source: number): void {
    const { autonomousSystems, networks } = this.#tables;
    const { names } = this.#window as Window;
    ints[at + Word.origin] = this.#origin(source);
    for (const word of [Word.srcAs, Word.dstAs] as const)
      ints[at + word] = autonomousSystems[(ints[at + word] as number) - 1]?.number ?? 0;
    for (const word of [Word.srcNetwork, Word.dstNetwork] as const) {
      const name = networks[(ints[at + word] as number) - 1]?.name ?? '';
      ints[at + word] = name === '' ? 0 : numberOf(names, name, () => avroString(name));
    }
  }
}
