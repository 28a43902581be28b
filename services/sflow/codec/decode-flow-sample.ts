// Body of flow_sample and flow_sample_expanded (sFlow Version 5, section 5) and the flow records we know.

import { EXTENDED_SWITCH, SAMPLED_HEADER } from './constants.ts';
import { decodeRecords, type RawRecord } from './decode-records.ts';
import { type DecodedStructure, decodeFlowStructure } from './decode-structure.ts';
import type { ExtendedSwitch } from './flow-sample.ts';
import { type Cursor, readU32 } from './xdr-cursor.ts';

export interface DecodedSampledHeader {
  kind: 'sampled_header';
  protocol: number;
  frameLength: number;
  stripped: number;
  /** A view of the datagram. */
  header: Buffer;
}

export interface DecodedExtendedSwitch extends ExtendedSwitch {
  kind: 'extended_switch';
}

export type FlowRecord = DecodedSampledHeader | DecodedExtendedSwitch | DecodedStructure | RawRecord;

export interface DecodedFlowSample {
  kind: 'flow';
  expanded: boolean;
  sequence: number;
  sourceClass: number;
  sourceIndex: number;
  samplingRate: number;
  samplePool: number;
  drops: number;
  /** INTERFACE_FORMAT_…; what `input` and `output` mean depends on it. */
  inputFormat: number;
  input: number;
  outputFormat: number;
  output: number;
  records: FlowRecord[];
}

/** Null: broken at the cursor's offset. */
export function decodeFlowSample(cursor: Cursor, expanded: boolean): DecodedFlowSample | null {
  const sequence = readU32(cursor);
  const [sourceClass, sourceIndex] = readPair(cursor, expanded, 24);
  const samplingRate = readU32(cursor);
  const samplePool = readU32(cursor);
  const drops = readU32(cursor);
  const [inputFormat, input] = readPair(cursor, expanded, 30);
  const [outputFormat, output] = readPair(cursor, expanded, 30);
  const records = decodeRecords(cursor, decodeFlowRecord);
  if (records === null) return null;
  return {
    kind: 'flow',
    expanded,
    sequence,
    sourceClass,
    sourceIndex,
    samplingRate,
    samplePool,
    drops,
    inputFormat,
    input,
    outputFormat,
    output,
    records,
  };
}

/** Two words in the expanded form; one word in the compact form, its upper bits the first of the two. */
export function readPair(cursor: Cursor, expanded: boolean, lowBits: number): [number, number] {
  const word = readU32(cursor);
  if (expanded) return [word, readU32(cursor)];
  return [word >>> lowBits, word & ((1 << lowBits) - 1)];
}

export function decodeFlowRecord(tag: number, buffer: Buffer, start: number, end: number): FlowRecord | null {
  if (tag === SAMPLED_HEADER) return decodeSampledHeader(buffer, start, end);
  if (tag === EXTENDED_SWITCH) return decodeExtendedSwitch(buffer, start, end);
  return decodeFlowStructure(tag, buffer, start, end);
}

function decodeSampledHeader(buffer: Buffer, start: number, end: number): DecodedSampledHeader | null {
  const headerAt = start + 16;
  if (headerAt > end) return null;
  const length = buffer.readUInt32BE(start + 12);
  if (length > end - headerAt) return null;
  return {
    kind: 'sampled_header',
    protocol: buffer.readUInt32BE(start),
    frameLength: buffer.readUInt32BE(start + 4),
    stripped: buffer.readUInt32BE(start + 8),
    header: buffer.subarray(headerAt, headerAt + length),
  };
}

function decodeExtendedSwitch(buffer: Buffer, start: number, end: number): DecodedExtendedSwitch | null {
  if (start + 16 > end) return null;
  return {
    kind: 'extended_switch',
    sourceVlan: buffer.readUInt32BE(start),
    sourcePriority: buffer.readUInt32BE(start + 4),
    destinationVlan: buffer.readUInt32BE(start + 8),
    destinationPriority: buffer.readUInt32BE(start + 12),
  };
}
