// Writes decoded samples as items of the Avro array DecodedBatch.samples, straight from the decoder's record. The field order is
// that of schemas/decoded-batch.v1.avsc; the tests read the result with avsc.

import type { SampleView } from '@tcxflow/common/raw-batch.ts';
import { type DecodedHeader, Tunnel } from '@tcxflow/packet/decoded-header.ts';
import { writeLong } from '@tcxflow/schemas/binary.ts';

/** What of a sample is in neither its raw record nor its decoded header. */
export interface SampleFacts {
  ipBytes: number;
  srcNetwork: number;
  dstNetwork: number;
  srcAs: number;
  dstAs: number;
  srcCountry: number;
  dstCountry: number;
}

/** Samples of a batch for one output partition. Grows to what a batch needs, and is used again. */
export interface SampleSink {
  bytes: Buffer;
  length: number;
  samples: number;
}

/** Fifty-odd numbers of up to 10 bytes, four addresses, eight labels; the application comes apart. */
const SAMPLE_BYTES_MAX = 60 * 10 + 4 * 16 + 9 * 10;
const FIRST_BYTES = 64 << 10;
/** Of tables in the batch; a bit of `layers` above 30 is in `moreLayers`. */
const MORE_LAYERS = 2 ** 31;

export function createSampleSink(): SampleSink {
  return { bytes: Buffer.allocUnsafe(FIRST_BYTES), length: 0, samples: 0 };
}

function reserve(sink: SampleSink, bytes: number): void {
  if (sink.length + bytes <= sink.bytes.length) return;
  const larger = Buffer.allocUnsafe(Math.max(sink.bytes.length * 2, sink.length + bytes));
  sink.bytes.copy(larger, 0, 0, sink.length);
  sink.bytes = larger;
}

/** @param application as the schema has it, Avro-encoded; undefined: none */
export function writeSample(
  sink: SampleSink,
  raw: SampleView,
  header: DecodedHeader,
  facts: SampleFacts,
  application: Buffer | undefined,
): void {
  reserve(sink, SAMPLE_BYTES_MAX + (application?.length ?? 0));
  const { bytes } = sink;
  let at = writeLong(bytes, sink.length, raw.source);
  at = writeLong(bytes, at, raw.sequence);
  at = writeLong(bytes, at, raw.timeOffsetNs);
  at = writeLong(bytes, at, raw.samplingRate);
  at = writeLong(bytes, at, raw.sampleCount);
  at = writeLong(bytes, at, raw.segments);
  at = writeLong(bytes, at, raw.wireBytes);
  at = writeLong(bytes, at, facts.ipBytes);
  at = writeLong(bytes, at, raw.inputIfIndex);
  at = writeLong(bytes, at, raw.outputIfIndex);
  at = writeLong(bytes, at, header.stop);
  at = writeLong(bytes, at, header.stopLayer);
  at = writeLong(bytes, at, header.srcMac);
  at = writeLong(bytes, at, header.dstMac);
  at = writeLong(bytes, at, header.vlanId);
  at = writeLong(bytes, at, header.innerVlanId);
  at = writeLong(bytes, at, header.etherType);
  at = writeAddress(bytes, at, header.srcAddress);
  at = writeAddress(bytes, at, header.dstAddress);
  at = writeLong(bytes, at, header.protocol);
  at = writeLong(bytes, at, header.dscp);
  at = writeLong(bytes, at, header.ecn);
  at = writeLong(bytes, at, header.ttl);
  at = writeLong(bytes, at, header.flowLabel);
  at = writeLong(bytes, at, header.fragmentOffset);
  bytes[at++] = header.moreFragments ? 1 : 0;
  at = writeLong(bytes, at, header.srcPort);
  at = writeLong(bytes, at, header.dstPort);
  at = writeLong(bytes, at, header.tcpFlags);
  at = writeLong(bytes, at, header.icmpType);
  at = writeLong(bytes, at, header.icmpCode);
  at = writeLong(bytes, at, (header.layers >>> 0) + header.moreLayers * MORE_LAYERS);
  at = writeLong(bytes, at, header.fields);
  at = writeLong(bytes, at, header.tcpWindow);
  at = writeLong(bytes, at, header.tcpMss);
  at = writeLabels(bytes, at, header);
  at = writeTunnel(bytes, at, header);
  if (application) at += application.copy(bytes, writeLong(bytes, at, 1)) + 1;
  else bytes[at++] = 0;
  at = writeLong(bytes, at, facts.srcNetwork);
  at = writeLong(bytes, at, facts.dstNetwork);
  at = writeLong(bytes, at, facts.srcAs);
  at = writeLong(bytes, at, facts.dstAs);
  at = writeLong(bytes, at, facts.srcCountry);
  sink.length = writeLong(bytes, at, facts.dstCountry);
  sink.samples++;
}

function writeAddress(bytes: Buffer, at: number, address: Buffer): number {
  for (let i = 0; i < 16; i++) bytes[at + i] = address[i] as number;
  return at + 16;
}

/** Avro arrays: a count, as many items, and a zero; an empty one is the zero alone. */
function writeLabels(bytes: Buffer, at: number, header: DecodedHeader): number {
  const count = Math.min(header.mplsDepth, header.mplsLabels.length);
  let to = at;
  if (count > 0) {
    to = writeLong(bytes, to, count);
    for (let label = 0; label < count; label++) to = writeLong(bytes, to, header.mplsLabels[label] as number);
  }
  bytes[to] = 0;
  return to + 1;
}

/** Avro unions: the number of the branch, here 0 for null, and its value. */
function writeTunnel(bytes: Buffer, at: number, header: DecodedHeader): number {
  if (header.tunnelKind === Tunnel.none) {
    bytes[at] = 0;
    return at + 1;
  }
  let to = writeLong(bytes, at, 1);
  to = writeLong(bytes, to, header.tunnelDepth);
  to = writeLong(bytes, to, header.tunnelKind);
  to = writeLong(bytes, to, header.tunnelId);
  to = writeAddress(bytes, to, header.outerSrcAddress);
  to = writeAddress(bytes, to, header.outerDstAddress);
  to = writeLong(bytes, to, header.outerProtocol);
  to = writeLong(bytes, to, header.outerDscp);
  to = writeLong(bytes, to, header.outerTtl);
  to = writeLong(bytes, to, header.outerSrcPort);
  to = writeLong(bytes, to, header.outerDstPort);
  to = writeLong(bytes, to, header.innerSrcMac);
  return writeLong(bytes, to, header.innerDstMac);
}
