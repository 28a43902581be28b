// Body of counters_sample and counters_sample_expanded (sFlow Version 5, section 5) and the counter records we know.

import { IF_COUNTERS, PORT_NAME, UNKNOWN_U32, UNKNOWN_U64 } from './constants.ts';
import { readPair } from './decode-flow-sample.ts';
import { decodeRecords, type RawRecord } from './decode-records.ts';
import { type DecodedStructure, decodeCounterStructure } from './decode-structure.ts';
import { Cursor, readString, readU32, readU64 } from './xdr-cursor.ts';

/** null: the agent does not count it (all ones on the wire). */
export interface DecodedIfCounters {
  kind: 'if_counters';
  ifIndex: number;
  ifType: number;
  /** bit/s; 0 = unknown. */
  ifSpeed: bigint;
  ifDirection: number;
  ifStatus: number;
  inOctets: bigint | null;
  inUnicast: number | null;
  inMulticast: number | null;
  inBroadcast: number | null;
  inDiscards: number | null;
  inErrors: number | null;
  inUnknownProtocols: number | null;
  outOctets: bigint | null;
  outUnicast: number | null;
  outMulticast: number | null;
  outBroadcast: number | null;
  outDiscards: number | null;
  outErrors: number | null;
  /** TruthValue 1, 2 of RFC 2863, or 0, 1: agents differ. Only 1 means true in both. */
  promiscuousMode: number;
}

export interface DecodedPortName {
  kind: 'port_name';
  name: string;
}

export type CounterRecord = DecodedIfCounters | DecodedPortName | DecodedStructure | RawRecord;

export interface DecodedCounterSample {
  kind: 'counters';
  expanded: boolean;
  sequence: number;
  sourceClass: number;
  sourceIndex: number;
  records: CounterRecord[];
}

/** Null: broken at the cursor's offset. */
export function decodeCounterSample(cursor: Cursor, expanded: boolean): DecodedCounterSample | null {
  const sequence = readU32(cursor);
  const [sourceClass, sourceIndex] = readPair(cursor, expanded, 24);
  const records = decodeRecords(cursor, decodeCounterRecord);
  return records === null ? null : { kind: 'counters', expanded, sequence, sourceClass, sourceIndex, records };
}

function decodeCounterRecord(tag: number, buffer: Buffer, start: number, end: number): CounterRecord | null {
  if (tag === IF_COUNTERS) return decodeIfCounters(new Cursor(buffer, start, end));
  if (tag === PORT_NAME) return decodePortName(new Cursor(buffer, start, end));
  return decodeCounterStructure(tag, buffer, start, end);
}

function decodeIfCounters(cursor: Cursor): DecodedIfCounters | null {
  // Properties are evaluated in the order they stand in, which is the order on the wire.
  const counters: DecodedIfCounters = {
    kind: 'if_counters',
    ifIndex: readU32(cursor),
    ifType: readU32(cursor),
    ifSpeed: readU64(cursor),
    ifDirection: readU32(cursor),
    ifStatus: readU32(cursor),
    inOctets: readCounter64(cursor),
    inUnicast: readCounter32(cursor),
    inMulticast: readCounter32(cursor),
    inBroadcast: readCounter32(cursor),
    inDiscards: readCounter32(cursor),
    inErrors: readCounter32(cursor),
    inUnknownProtocols: readCounter32(cursor),
    outOctets: readCounter64(cursor),
    outUnicast: readCounter32(cursor),
    outMulticast: readCounter32(cursor),
    outBroadcast: readCounter32(cursor),
    outDiscards: readCounter32(cursor),
    outErrors: readCounter32(cursor),
    promiscuousMode: readU32(cursor),
  };
  return cursor.truncated ? null : counters;
}

function decodePortName(cursor: Cursor): DecodedPortName | null {
  const name = readString(cursor);
  return cursor.truncated ? null : { kind: 'port_name', name };
}

function readCounter32(cursor: Cursor): number | null {
  const value = readU32(cursor);
  return value === UNKNOWN_U32 ? null : value;
}

function readCounter64(cursor: Cursor): bigint | null {
  const value = readU64(cursor);
  return value === UNKNOWN_U64 ? null : value;
}
