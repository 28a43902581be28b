// One sample of a DecodedBatch message into a row, in the field order of schemas/decoded-batch.v1.avsc. Pure.
//
// Numbers too large for their field, which only a message of somebody else's making can hold, lose their upper bits: a throw
// here would come again with every reading of that message. What is cut short or claims too much leaves the reader behind the
// message's end, where it finds zeros; the caller looks at that.

import { Field, Layer } from '@tcxflow/packet/decoded-header.ts';
import { type BinaryReader, readLong } from '@tcxflow/schemas/binary.ts';
import type { SampleRows } from './decoded-batch.ts';
import { Double, ROW_WORDS, TUNNEL_WORDS, TunnelWord, Word } from './flow-row.ts';

const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
const ADDRESS_BYTES = 16;

export function readSample(
  reader: BinaryReader,
  into: SampleRows,
  baseMs: number,
  baseRestNs: number,
  windowMs: number,
): void {
  const { ints, doubles, bytes } = into.rows;
  const at = into.count * ROW_WORDS;

  into.sources[into.count] = readLong(reader);
  skipLongs(reader, 1); // sequence
  const timeOffsetNs = readLong(reader);
  const rate = readLong(reader) | 0;
  const count = readLong(reader) | 0;
  const segments = Math.max(1, readLong(reader) | 0);
  const wireBytes = readLong(reader) | 0;
  const ipBytes = readLong(reader) | 0;
  addTime(into, at >>> 1, timeOffsetNs, baseMs, baseRestNs, windowMs);
  measure(doubles, at >>> 1, rate, count, segments, wireBytes, ipBytes);
  const length = Math.round(wireBytes / segments);
  ints[at + Word.minLength] = length;
  ints[at + Word.maxLength] = length;

  ints[at + Word.point] = 0;
  ints[at + Word.inputIfIndex] = readLong(reader);
  ints[at + Word.outputIfIndex] = readLong(reader);
  const stop = readLong(reader);
  const isArp = readLong(reader) === Layer.arp; // stopLayer
  skipLongs(reader, 2); // srcMac, dstMac
  const vlanId = readLong(reader) & 0xffff;
  ints[at + Word.vlans] = vlanId | (readLong(reader) << 16);
  const etherType = readLong(reader) & 0xffff;
  copyBytes(bytes, (at + Word.addresses) * 4, reader, 2 * ADDRESS_BYTES);
  const protocol = readLong(reader) & 0xff;
  ints[at + Word.protocol] = protocol;
  const dscp = readLong(reader) & 0xff;
  ints[at + Word.types] = etherType | (dscp << 16) | (stop << 24);
  skipLongs(reader, 1); // ecn
  const ttl = readLong(reader) | 0;
  ints[at + Word.minTtl] = ttl;
  ints[at + Word.maxTtl] = ttl;
  skipLongs(reader, 2); // flowLabel, fragmentOffset
  reader.at++; // moreFragments
  const srcPort = readLong(reader) & 0xffff;
  let dstPort = readLong(reader);
  ints[at + Word.tcpFlags] = readLong(reader);
  const icmpType = readLong(reader);
  const icmpCode = readLong(reader);
  // IPFIX carries ICMP type and code in the destination port (RFC 5102, icmpTypeCode); so do we.
  if (protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6) dstPort = icmpType * 256 + icmpCode;
  ints[at + Word.ports] = srcPort | (dstPort << 16);
  skipLongs(reader, 1); // layers
  const fields = readLong(reader);
  ints[at + Word.fields] = isArp ? fields & ~(1 << Field.addresses) : fields;
  skipLongs(reader, 2); // tcpWindow, tcpMss
  ints[at + Word.mplsLabel] = readFirstLabel(reader);
  ints[at + Word.tunnel] = readLong(reader) === 0 ? 0 : readTunnel(reader, into);
  if (readLong(reader) !== 0) skipApplication(reader);
  ints[at + Word.srcNetwork] = readLong(reader);
  ints[at + Word.dstNetwork] = readLong(reader);
  ints[at + Word.srcAs] = readLong(reader);
  ints[at + Word.dstAs] = readLong(reader);
  ints[at + Word.srcCountry] = readLong(reader);
  ints[at + Word.dstCountry] = readLong(reader);
}

function addTime(
  into: SampleRows,
  at: number,
  timeOffsetNs: number,
  baseMs: number,
  baseRestNs: number,
  windowMs: number,
): void {
  const { doubles } = into.rows;
  const restNs = baseRestNs + timeOffsetNs;
  const restMs = Math.floor(restNs / 1e6);
  const timeMs = baseMs + restMs;
  if (timeMs > into.newestMs) into.newestMs = timeMs;
  const inWindowMs = ((timeMs % windowMs) + windowMs) % windowMs;
  const inWindowNs = inWindowMs * 1e6 + (restNs - restMs * 1e6);
  doubles[at + Double.windowStartMs] = timeMs - inWindowMs;
  doubles[at + Double.firstNs] = inWindowNs;
  doubles[at + Double.lastNs] = inWindowNs;
}

function measure(
  doubles: Float64Array,
  at: number,
  rate: number,
  count: number,
  segments: number,
  wireBytes: number,
  ipBytes: number,
): void {
  const frameBytes = wireBytes / segments;
  const variance = count * rate * (rate - 1);
  doubles[at + Double.samples] = count;
  doubles[at + Double.packets] = rate * count;
  // Scaled before rounding: a rate of 1 gives the buffer's exact bytes, any other an error far below one byte in N.
  doubles[at + Double.bytes] = Math.round((rate * count * wireBytes) / segments);
  doubles[at + Double.ipBytes] = Math.round((rate * count * ipBytes) / segments);
  doubles[at + Double.packetsVariance] = variance;
  doubles[at + Double.bytesVariance] = variance * frameBytes * frameBytes;
}

function skipLongs(reader: BinaryReader, count: number): void {
  const { bytes } = reader;
  let { at } = reader;
  for (let left = count; left > 0; left--) while ((bytes[at++] as number) > 0x7f);
  reader.at = at;
}

/** Beyond the message's end zeros. */
function copyBytes(target: Uint8Array, to: number, reader: BinaryReader, count: number): void {
  const { bytes, at } = reader;
  reader.at = at + count;
  if (reader.at > bytes.length) return;
  for (let index = 0; index < count; index++) target[to + index] = bytes[at + index] as number;
}

/** An array in blocks; in one of labels that claims more than the message holds reading ends with the message. */
function readFirstLabel(reader: BinaryReader): number {
  let first = 0;
  let labels = 0;
  for (let count = readLong(reader); count !== 0; count = readLong(reader)) {
    if (count < 0) {
      count = -count;
      skipLongs(reader, 1);
    }
    for (; count > 0 && reader.at <= reader.bytes.length; count--) {
      const label = readLong(reader);
      if (labels++ === 0) first = label;
    }
  }
  return first;
}

/** @returns its number in the batch, from 1 */
function readTunnel(reader: BinaryReader, into: SampleRows): number {
  const { tunnels } = into;
  const at = into.tunnelCount * TUNNEL_WORDS;
  skipLongs(reader, 1); // depth
  tunnels[at + TunnelWord.kind] = readLong(reader);
  const id = readLong(reader);
  tunnels[at + TunnelWord.idLow] = id;
  tunnels[at + TunnelWord.idHigh] = Math.floor(id / 2 ** 32);
  const bytes = reader.bytes;
  for (let word = 0; word < (2 * ADDRESS_BYTES) / 4; word++) {
    const from = reader.at + word * 4;
    tunnels[at + TunnelWord.addresses + word] =
      (bytes[from] as number) |
      ((bytes[from + 1] as number) << 8) |
      ((bytes[from + 2] as number) << 16) |
      ((bytes[from + 3] as number) << 24);
  }
  reader.at += 2 * ADDRESS_BYTES;
  skipLongs(reader, 7); // outerProtocol, outerDscp, outerTtl, outerSrcPort, outerDstPort, innerSrcMac, innerDstMac
  return ++into.tunnelCount;
}

function skipApplication(reader: BinaryReader): void {
  skipLongs(reader, 1); // kind
  skipString(reader);
  skipString(reader);
  skipLongs(reader, 3); // version, type, code
}

function skipString(reader: BinaryReader): void {
  const length = readLong(reader);
  // A negative length would lead back: behind the end instead.
  reader.at = length < 0 ? Number.MAX_SAFE_INTEGER : reader.at + length;
}
