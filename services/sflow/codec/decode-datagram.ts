// Reads any sFlow v5 datagram (sFlow Version 5, section 5: sample_datagram_v5): the mirror of datagram.ts.
//
// Bad input is a value, not an exception: what cannot be true, and where. A datagram is taken whole or not at all,
// except for bytes behind the last sample, which every collector ignores. Buffers in the result are views.

import {
  ADDRESS_IPV4,
  ADDRESS_IPV6,
  COUNTERS_SAMPLE,
  COUNTERS_SAMPLE_EXPANDED,
  DISCARDED_PACKET,
  FLOW_SAMPLE,
  FLOW_SAMPLE_EXPANDED,
  SFLOW_VERSION,
} from './constants.ts';
import { type DecodedCounterSample, decodeCounterSample } from './decode-counter-sample.ts';
import { type DecodedDiscardSample, decodeDiscardSample } from './decode-discard-sample.ts';
import { type DecodedFlowSample, decodeFlowSample } from './decode-flow-sample.ts';
import { enterBody, leaveBody, type RawRecord, readCount } from './decode-records.ts';
import { Cursor, readU32, take } from './xdr-cursor.ts';

export type Sample = DecodedFlowSample | DecodedCounterSample | DecodedDiscardSample | RawRecord;

export interface Datagram {
  ok: true;
  /** 16 bytes, IPv4 mapped: the one Buffer here that is a copy. */
  agentAddress: Buffer;
  subAgentId: number;
  sequence: number;
  uptimeMs: number;
  samples: Sample[];
}

export type DatagramErrorCode =
  | 'header_truncated'
  | 'version'
  /** Type 0 or unknown: an agent without an identity. */
  | 'agent_address'
  /** More samples than the rest can hold. */
  | 'sample_count'
  /** A sample longer than the rest. */
  | 'sample_length'
  /** Something inside a sample is longer than the sample. */
  | 'sample_content';

export interface DatagramError {
  ok: false;
  code: DatagramErrorCode;
  /** Byte of the datagram where it stands. */
  offset: number;
}

export function decodeDatagram(bytes: Buffer): Datagram | DatagramError {
  const cursor = new Cursor(bytes);
  const version = readU32(cursor);
  if (cursor.truncated) return failed('header_truncated', 0);
  if (version !== SFLOW_VERSION) return failed('version', 0);
  const addressType = readU32(cursor);
  if (!cursor.truncated && addressType !== ADDRESS_IPV4 && addressType !== ADDRESS_IPV6) {
    return failed('agent_address', 4);
  }
  const agentAddress = readAddress(cursor, addressType);
  const subAgentId = readU32(cursor);
  const sequence = readU32(cursor);
  const uptimeMs = readU32(cursor);
  if (cursor.truncated || cursor.end - cursor.offset < 4) return failed('header_truncated', cursor.offset);
  const count = readCount(cursor);
  if (count < 0) return failed('sample_count', cursor.offset);
  const samples: Sample[] = [];
  for (let i = 0; i < count; i++) {
    const tag = readU32(cursor);
    const lengthAt = cursor.offset;
    const length = enterBody(cursor);
    if (length < 0) return failed('sample_length', lengthAt);
    const end = cursor.offset + length;
    const inner = new Cursor(bytes, cursor.offset, end);
    const sample = decodeSample(inner, tag);
    if (sample === null) return failed('sample_content', inner.offset);
    samples.push(sample);
    leaveBody(cursor, end);
  }
  return { ok: true, agentAddress, subAgentId, sequence, uptimeMs, samples };
}

function decodeSample(cursor: Cursor, tag: number): Sample | null {
  switch (tag) {
    case FLOW_SAMPLE:
      return decodeFlowSample(cursor, false);
    case FLOW_SAMPLE_EXPANDED:
      return decodeFlowSample(cursor, true);
    case COUNTERS_SAMPLE:
      return decodeCounterSample(cursor, false);
    case COUNTERS_SAMPLE_EXPANDED:
      return decodeCounterSample(cursor, true);
    case DISCARDED_PACKET:
      return decodeDiscardSample(cursor);
    default:
      return { kind: 'raw', tag, bytes: cursor.buffer.subarray(cursor.offset, cursor.end) };
  }
}

function readAddress(cursor: Cursor, type: number): Buffer {
  const address = Buffer.alloc(16);
  const length = type === ADDRESS_IPV4 ? 4 : 16;
  const at = take(cursor, length);
  if (at < 0) return address;
  if (type === ADDRESS_IPV4) address.fill(0xff, 10, 12);
  cursor.buffer.copy(address, 16 - length, at, at + length);
  return address;
}

function failed(code: DatagramErrorCode, offset: number): DatagramError {
  return { ok: false, code, offset };
}
