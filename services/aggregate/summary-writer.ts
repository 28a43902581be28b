// Summaries as messages of tcxflow.flow-summaries.v1, straight from a window's rows, in the field order of
// schemas/flow-summary.v1.avsc. Pure.

import { writeLong } from '@tcxflow/schemas/binary.ts';
import { flowSummaryCodec } from '@tcxflow/schemas/topics.ts';
import { Word } from './flow-row.ts';
import {
  type FlowMessage,
  type FlowSink,
  reserve,
  writeCountry,
  writeIdentity,
  writeMeasures,
  writeTunnel,
} from './flow-writer.ts';
import type { KeySet } from './key-set.ts';
import { chunkOf, wordOf } from './row-table.ts';
import { FLOW_AT, SummaryWord } from './summary-row.ts';
import type { Window } from './windows.ts';

/** Fifty numbers of up to 10 bytes, four addresses, two countries; texts come apart. */
const SUMMARY_BYTES_MAX = 50 * 10 + 4 * 16 + 2 * 3;

/** @returns views of the sink: to be used before its length is set back */
export function writeSummary(sink: FlowSink, window: Window, keySet: KeySet, row: number): FlowMessage {
  const { names, points } = window;
  const rows = chunkOf(window.flows, row);
  const { ints } = rows;
  const at = wordOf(window.flows, row);
  const flow = at + FLOW_AT;
  const point = points.values[ints[flow + Word.point] as number] as Buffer;
  const srcNetwork = names.values[ints[at + SummaryWord.srcNetwork] as number] as Buffer;
  const dstNetwork = names.values[ints[at + SummaryWord.dstNetwork] as number] as Buffer;
  const texts = keySet.names.length + point.length + srcNetwork.length + dstNetwork.length;
  reserve(sink, SUMMARY_BYTES_MAX + texts);

  const { bytes, length: start } = sink;
  let to = start + flowSummaryCodec.frameHeader.copy(bytes, start);
  to = writeLong(bytes, to, window.startMs);
  to = writeLong(bytes, to, window.windowMs);
  bytes[to++] = window.late ? 1 : 0;
  const keyStart = to;
  to += keySet.names.copy(bytes, to);
  to += point.copy(bytes, to);
  to = writeIdentity(bytes, to, rows, flow);
  to = writeTunnel(bytes, to, window, ints[flow + Word.tunnel] as number);
  to = writeLong(bytes, to, ints[at + SummaryWord.mplsLabel] as number);
  to = writeLong(bytes, to, (ints[at + SummaryWord.srcAs] as number) >>> 0);
  to = writeLong(bytes, to, (ints[at + SummaryWord.dstAs] as number) >>> 0);
  to = writeCountry(bytes, to, ints[at + SummaryWord.srcCountry] as number);
  to = writeCountry(bytes, to, ints[at + SummaryWord.dstCountry] as number);
  to += srcNetwork.copy(bytes, to);
  to += dstNetwork.copy(bytes, to);
  const key = bytes.subarray(keyStart, to);
  to = writeMeasures(bytes, to, rows, flow, window.startMs);
  sink.length = to;
  return { key, value: bytes.subarray(start, to) };
}
