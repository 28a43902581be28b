// Body of flow_sample and flow_sample_expanded (sFlow Version 5, section 5) and the flow records we know.

import { EXTENDED_SWITCH, SAMPLED_HEADER } from './constants.ts';
import { decodeRecords, type RawRecord } from './decode-records.ts';
import type { ExtendedSwitch } from './flow-sample.ts';
import { Cursor, readOpaque, readU32 } from './xdr-cursor.ts';

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

export type FlowRecord = DecodedSampledHeader | DecodedExtendedSwitch | RawRecord;

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

function decodeFlowRecord(tag: number, body: Buffer): FlowRecord | null {
  if (tag === SAMPLED_HEADER) return decodeSampledHeader(body);
  if (tag === EXTENDED_SWITCH) return decodeExtendedSwitch(body);
  return null;
}

function decodeSampledHeader(body: Buffer): DecodedSampledHeader | null {
  const cursor = new Cursor(body);
  const protocol = readU32(cursor);
  const frameLength = readU32(cursor);
  const stripped = readU32(cursor);
  const header = readOpaque(cursor);
  return cursor.truncated ? null : { kind: 'sampled_header', protocol, frameLength, stripped, header };
}

function decodeExtendedSwitch(body: Buffer): DecodedExtendedSwitch | null {
  const cursor = new Cursor(body);
  const sourceVlan = readU32(cursor);
  const sourcePriority = readU32(cursor);
  const destinationVlan = readU32(cursor);
  const destinationPriority = readU32(cursor);
  if (cursor.truncated) return null;
  return { kind: 'extended_switch', sourceVlan, sourcePriority, destinationVlan, destinationPriority };
}
