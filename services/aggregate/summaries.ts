// Windows of a key set beside the flows: the samples of a batch, added up by fewer fields. Pure.

import type { BatchHead, BatchTables, SampleRows } from './decoded-batch.ts';
import { addRow, createRows, ROW_WORDS, TUNNEL_WORDS, Word } from './flow-row.ts';
import type { KeySet } from './key-set.ts';
import { avroString, numberOf, summaryPoint } from './origins.ts';
import { chunkOf, findOrAdd, wordOf } from './row-table.ts';
import {
  copySample,
  FLOW_AT,
  type KeyMasks,
  makeKeyMasks,
  SUMMARY_WORDS,
  SummaryWord,
  windowStartOf,
} from './summary-row.ts';
import type { Window } from './windows.ts';

export interface SummarySet {
  readonly keySet: KeySet;
  readonly masks: KeyMasks;
  /** By start, ms. */
  readonly windows: Map<number, Window>;
  /** All windows that end at or before this were emitted. */
  closedUpToMs: number;
}

export function createSummarySet(keySet: KeySet): SummarySet {
  return { keySet, masks: makeKeyMasks(keySet), windows: new Map(), closedUpToMs: -Infinity };
}

/** Of the sample at hand. */
const row = createRows(SUMMARY_WORDS);
const tunnel = new Int32Array(TUNNEL_WORDS);

/** @param openWindow the window that starts then; undefined: it wants nothing of this message */
export function addSummaries(
  { keySet, masks }: SummarySet,
  samples: SampleRows,
  head: BatchHead,
  tables: BatchTables,
  openWindow: (startMs: number) => Window | undefined,
): void {
  const pointOf = ({ points }: Window, source: number) => {
    const point = summaryPoint(keySet, head, tables, head.sources[source]);
    return numberOf(points, point.toString('latin1'), () => point);
  };
  let window: Window | undefined;
  let startMs = NaN;
  /** By source, of this window. */
  let numbers: number[] = [];
  for (let index = 0; index < samples.count; index++) {
    const at = index * ROW_WORDS;
    const sampleStartMs = windowStartOf(samples.rows.doubles, at >>> 1, keySet.windowMs);
    if (sampleStartMs !== startMs) {
      startMs = sampleStartMs;
      window = openWindow(startMs);
      numbers = [];
    }
    if (!window) continue;
    const source = samples.sources[index] as number;
    const known = numbers[source];
    const number = known ?? pointOf(window, source);
    if (known === undefined && source in head.sources) numbers[source] = number;
    copySample(masks, row, samples.rows, at, startMs);
    row.ints[FLOW_AT + Word.point] = number;
    row.ints[FLOW_AT + Word.tunnel] = tunnelOf(window, masks, samples, at);
    describe(keySet, window, tables, samples.rows.ints, at);
    const { flows } = window;
    const before = flows.count;
    const found = findOrAdd(flows, row.ints, 0);
    if (flows.count === before) addRow(chunkOf(flows, found), wordOf(flows, found) + FLOW_AT, row, FLOW_AT);
  }
}

/** @returns its row in the window's tunnels, plus 1; 0: none, or nothing of it is in the key */
function tunnelOf(window: Window, masks: KeyMasks, { rows, tunnels }: SampleRows, at: number): number {
  const number = rows.ints[at + Word.tunnel] as number;
  if (number === 0) return 0;
  let any = 0;
  for (let word = 0; word < TUNNEL_WORDS; word++) {
    tunnel[word] = (tunnels[(number - 1) * TUNNEL_WORDS + word] as number) & (masks.tunnel[word] as number);
    any |= tunnel[word] as number;
  }
  return any === 0 ? 0 : findOrAdd(window.tunnels, tunnel, 0) + 1;
}

/** What flows have of their first sample is of every sample here. Indexes are the batch's. */
function describe({ has }: KeySet, { names }: Window, tables: BatchTables, ints: Int32Array, at: number): void {
  const systemOf = (word: number) => tables.autonomousSystems[(ints[at + word] as number) - 1]?.number ?? 0;
  const networkOf = (word: number) => {
    const name = tables.networks[(ints[at + word] as number) - 1]?.name ?? '';
    return name === '' ? 0 : numberOf(names, name, () => avroString(name));
  };
  row.ints[SummaryWord.srcAs] = has.srcAs ? systemOf(Word.srcAs) : 0;
  row.ints[SummaryWord.dstAs] = has.dstAs ? systemOf(Word.dstAs) : 0;
  row.ints[SummaryWord.srcCountry] = has.srcCountry ? (ints[at + Word.srcCountry] as number) : 0;
  row.ints[SummaryWord.dstCountry] = has.dstCountry ? (ints[at + Word.dstCountry] as number) : 0;
  row.ints[SummaryWord.srcNetwork] = has.srcNetwork ? networkOf(Word.srcNetwork) : 0;
  row.ints[SummaryWord.dstNetwork] = has.dstNetwork ? networkOf(Word.dstNetwork) : 0;
  row.ints[SummaryWord.mplsLabel] = has.mplsLabel ? (ints[at + Word.mplsLabel] as number) : 0;
}
