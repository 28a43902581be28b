// Flows as messages of tcxflow.flows.v1, straight from a window's rows, in the field order of schemas/flow.v1.avsc. Pure.

import { writeLong } from '@tcxflow/schemas/binary.ts';
import { flowCodec } from '@tcxflow/schemas/topics.ts';
import { writeCommunityId } from './flow-community-id.ts';
import { writeFlowKey } from './flow-key.ts';
import { Double, type Rows, TunnelWord, Word } from './flow-row.ts';
import { writeNanoseconds } from './nanoseconds.ts';
import type { Origin } from './origins.ts';
import { chunkOf, wordOf } from './row-table.ts';
import type { Window } from './windows.ts';

/** Where messages are written. Grows to what some of them need, and is used again when those were sent. */
export interface FlowSink {
  bytes: Buffer;
  length: number;
}

export interface FlowMessage {
  key: Buffer;
  value: Buffer;
}

/** Fifty numbers of up to 10 bytes, six addresses, two countries, Community ID, the key; texts come apart. */
const FLOW_BYTES_MAX = 50 * 10 + 6 * 16 + 2 * 3 + 32 + 128;
/** avsc, like our readers, takes no number of a greater amount. Only what somebody made up sums up to that. */
const LARGEST = 2 ** 53 - 2;
/** Zigzag of less is odd and above 2^53. */
const LEAST = -(2 ** 52);

/** @param bytes for a start */
export function createFlowSink(bytes: number): FlowSink {
  return { bytes: Buffer.allocUnsafe(bytes), length: 0 };
}

/**
 * @param withId computes the flow's Community ID
 * @returns views of the sink: to be used before its length is set back
 */
export function writeFlow(sink: FlowSink, window: Window, row: number, withId: boolean): FlowMessage {
  const rows = chunkOf(window.flows, row);
  const at = wordOf(window.flows, row);
  const { ints } = rows;
  const origin = window.origins.values[ints[at + Word.origin] as number] as Origin;
  const srcNetwork = window.names.values[ints[at + Word.srcNetwork] as number] as Buffer;
  const dstNetwork = window.names.values[ints[at + Word.dstNetwork] as number] as Buffer;
  const texts = origin.agent.length + origin.identity.length + origin.classes.length;
  reserve(sink, FLOW_BYTES_MAX + texts + srcNetwork.length + dstNetwork.length);

  const { bytes } = sink;
  const keyEnd = writeFlowKey(bytes, sink.length, window, origin, rows, at);
  const key = bytes.subarray(sink.length, keyEnd);
  let to = keyEnd + flowCodec.frameHeader.copy(bytes, keyEnd);
  to = writeLong(bytes, to, window.startMs);
  to = writeLong(bytes, to, window.windowMs);
  bytes[to++] = window.late ? 1 : 0;
  to += origin.identity.copy(bytes, to);
  to = writeIdentity(bytes, to, rows, at);
  to = writeMeasures(bytes, to, rows, at, window.startMs);
  to = writeLong(bytes, to, origin.decoderVersion);
  to = writeTunnel(bytes, to, window, ints[at + Word.tunnel] as number);
  to = writeLong(bytes, to, ints[at + Word.mplsLabel] as number);
  to = writeLong(bytes, to, (ints[at + Word.srcAs] as number) >>> 0);
  to = writeLong(bytes, to, (ints[at + Word.dstAs] as number) >>> 0);
  to = writeCountry(bytes, to, ints[at + Word.srcCountry] as number);
  to = writeCountry(bytes, to, ints[at + Word.dstCountry] as number);
  to += srcNetwork.copy(bytes, to);
  to += dstNetwork.copy(bytes, to);
  to += origin.classes.copy(bytes, to);
  if (withId) to = writeCommunityId(bytes, to, rows, at);
  else bytes[to++] = 0;
  sink.length = to;
  return { key, value: bytes.subarray(keyEnd, to) };
}

export function reserve(sink: FlowSink, bytes: number): void {
  if (sink.length + bytes <= sink.bytes.length) return;
  // What was written before stays where it is, as long as somebody has a view of it.
  sink.bytes = Buffer.allocUnsafe(Math.max(sink.bytes.length, bytes));
  sink.length = 0;
}

export function writeIdentity(bytes: Buffer, at: number, rows: Rows, row: number): number {
  const { ints } = rows;
  const vlans = ints[row + Word.vlans] as number;
  const types = ints[row + Word.types] as number;
  const ports = ints[row + Word.ports] as number;
  let to = writeLong(bytes, at, ints[row + Word.inputIfIndex] as number);
  to = writeLong(bytes, to, ints[row + Word.outputIfIndex] as number);
  to = writeLong(bytes, to, vlans & 0xffff);
  to = writeLong(bytes, to, vlans >>> 16);
  to = writeLong(bytes, to, types & 0xffff);
  const addresses = (row + Word.addresses) * 4;
  for (let index = 0; index < 32; index++) bytes[to + index] = rows.bytes[addresses + index] as number;
  to = writeLong(bytes, to + 32, ints[row + Word.protocol] as number);
  to = writeLong(bytes, to, ports & 0xffff);
  to = writeLong(bytes, to, ports >>> 16);
  to = writeLong(bytes, to, (types >>> 16) & 0xff);
  return writeLong(bytes, to, types >>> 24);
}

export function writeMeasures(
  bytes: Buffer,
  at: number,
  { ints, doubles }: Rows,
  row: number,
  startMs: number,
): number {
  const numbers = row >>> 1;
  let to = at;
  for (let index: number = Double.samples; index <= Double.ipBytes; index++)
    to = writeLong(bytes, to, Math.max(LEAST, Math.min(LARGEST, doubles[numbers + index] as number)));
  to = bytes.writeDoubleLE(doubles[numbers + Double.packetsVariance] as number, to);
  to = bytes.writeDoubleLE(doubles[numbers + Double.bytesVariance] as number, to);
  to = writeNanoseconds(bytes, to, startMs, doubles[numbers + Double.firstNs] as number);
  to = writeNanoseconds(bytes, to, startMs, doubles[numbers + Double.lastNs] as number);
  for (let word: number = Word.tcpFlags; word <= Word.maxLength; word++)
    to = writeLong(bytes, to, ints[row + word] as number);
  return to;
}

export function writeTunnel(bytes: Buffer, at: number, { tunnels }: Window, tunnel: number): number {
  if (tunnel === 0) {
    bytes.fill(0, at, at + 2 + 32);
    return at + 2 + 32;
  }
  const rows = chunkOf(tunnels, tunnel - 1);
  const row = wordOf(tunnels, tunnel - 1);
  let to = writeLong(bytes, at, rows.ints[row + TunnelWord.kind] as number);
  to = writeLong(bytes, to, tunnelId(rows, row));
  const addresses = (row + TunnelWord.addresses) * 4;
  for (let index = 0; index < 32; index++) bytes[to + index] = rows.bytes[addresses + index] as number;
  return to + 32;
}

function tunnelId({ ints }: Rows, row: number): number {
  const id = (ints[row + TunnelWord.idHigh] as number) * 2 ** 32 + ((ints[row + TunnelWord.idLow] as number) >>> 0);
  return Math.max(LEAST, Math.min(LARGEST, id));
}

/** @param country first letter * 256 + second; what is not two letters is none */
export function writeCountry(bytes: Buffer, at: number, country: number): number {
  const first = country >>> 8;
  const second = country & 0xff;
  if (!isLetter(first) || !isLetter(second)) {
    bytes[at] = 0;
    return at + 1;
  }
  bytes[at] = 2 << 1;
  bytes[at + 1] = first;
  bytes[at + 2] = second;
  return at + 3;
}

function isLetter(code: number): boolean {
  return code >= 0x41 && code <= 0x5a;
}
