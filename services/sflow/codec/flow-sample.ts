// flow_sample_expanded (sFlow Version 5, section 5), the form for ifIndexes of 2^24 and more.
//
//   tag 3, length
//   sequence, ds_class, ds_index, sampling_rate, sample_pool, drops          6 × u32
//   input_format, input, output_format, output, record count                 5 × u32
//   [ tag 1001, length 16: src_vlan, src_priority, dst_vlan, dst_priority ]
//   [ tag 1027 or 1028, length 4: inner_header_offset ]
//   [ tag 1029 or 1030, length 4: vni ]
//   [ tag 1043, length 8: time ]
//   tag 1, length: header_protocol, frame_length, stripped, header<>
//
// The header comes last: sflowtool and nfdump write every record into the same fields, and the last one wins.

import {
  DATA_SOURCE_IF_INDEX,
  DEFAULT_MAX_HEADER_BYTES,
  ETHERNET_FCS_BYTES,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  EXTENDED_DECAPSULATE_EGRESS,
  EXTENDED_DECAPSULATE_INGRESS,
  EXTENDED_SWITCH,
  EXTENDED_TIMESTAMP,
  EXTENDED_VNI_EGRESS,
  EXTENDED_VNI_INGRESS,
  FLOW_SAMPLE_EXPANDED,
  HEADER_ETHERNET,
  HEADER_IPV4,
  HEADER_IPV6,
  INTERFACE_FORMAT_IF_INDEX,
  SAMPLED_HEADER,
} from './constants.ts';
import { closeLength, openLength, padded, reserve, type Sink, writeOpaque, writeU32 } from './xdr-sink.ts';

export type HeaderProtocol = typeof HEADER_ETHERNET | typeof HEADER_IPV4 | typeof HEADER_IPV6;

/** UNKNOWN_U32 for what is not known, after the published erratum: 0 is a VLAN and a priority. */
export interface ExtendedSwitch {
  sourceVlan: number;
  sourcePriority: number;
  destinationVlan: number;
  destinationPriority: number;
}

export interface TunnelOfPacket {
  /** The packet leaves with the tunnel's headers; else it came in with them. */
  egress: boolean;
  vni: number;
  /** Bytes of the packet in front of the one inside; 0 = unknown. */
  innerOffset: number;
}

export interface FlowSample {
  /** From 1 per data source, made where the packet was sampled. */
  sequence: number;
  ifIndex: number;
  samplingRate: number;
  /** Packets that could have been chosen, cumulative; wraps to 32 bits on the wire, as `sequence` and `drops` do. */
  samplePool: number;
  drops: number;
  /** ifIndex, INTERFACE_UNKNOWN or INTERFACE_LOCAL_EXPANDED. */
  input: number;
  output: number;
  headerProtocol: HeaderProtocol;
  /** The packet as design.md counts it: an Ethernet frame without FCS, or an IP packet on a raw IP device. */
  wireBytes: number;
  header: Buffer;
  headerOffset: number;
  headerLength: number;
  extendedSwitch?: ExtendedSwitch | null;
  tunnel?: TunnelOfPacket | null;
  /** Since 1970, UTC. */
  timestampNs?: bigint | null;
}

/** Tag, length and body of a flow sample without its header bytes, with all its records. */
const FIXED_BYTES = 8 + 44 + (8 + 16) + (8 + 4) + (8 + 4) + (8 + 8) + (8 + 16);

/** The largest flow sample with header bytes up to the cap. */
export function maxFlowSampleBytes(maxHeaderBytes: number): number {
  return FIXED_BYTES + padded(maxHeaderBytes);
}

/** What the header bytes start with in sFlow's words; null when the safe profile has no number for it. */
export function headerProtocolOf(linkType: 'ethernet' | 'ip', etherType: number): HeaderProtocol | null {
  if (linkType === 'ethernet') return HEADER_ETHERNET;
  if (etherType === ETHERTYPE_IPV4) return HEADER_IPV4;
  return etherType === ETHERTYPE_IPV6 ? HEADER_IPV6 : null;
}

/** Look at `sink.overflow` afterwards. */
export function writeFlowSample(sink: Sink, sample: FlowSample, maxHeaderBytes = DEFAULT_MAX_HEADER_BYTES): void {
  writeU32(sink, FLOW_SAMPLE_EXPANDED);
  const length = openLength(sink);
  writeU32(sink, sample.sequence);
  writeU32(sink, DATA_SOURCE_IF_INDEX);
  writeU32(sink, sample.ifIndex);
  writeU32(sink, sample.samplingRate);
  writeU32(sink, sample.samplePool);
  writeU32(sink, sample.drops);
  writeU32(sink, INTERFACE_FORMAT_IF_INDEX);
  writeU32(sink, sample.input);
  writeU32(sink, INTERFACE_FORMAT_IF_INDEX);
  writeU32(sink, sample.output);
  const { extendedSwitch, tunnel, timestampNs } = sample;
  const isInnerSeen = tunnel ? isWithin(tunnel.innerOffset, sample.headerLength, maxHeaderBytes) : false;
  const hasTime = typeof timestampNs === 'bigint';
  writeU32(sink, 1 + (extendedSwitch ? 1 : 0) + (tunnel ? 1 : 0) + (isInnerSeen ? 1 : 0) + (hasTime ? 1 : 0));
  if (extendedSwitch) writeExtendedSwitch(sink, extendedSwitch);
  if (tunnel) writeTunnel(sink, tunnel, isInnerSeen);
  if (hasTime) writeTimestamp(sink, timestampNs);
  writeSampledHeader(sink, sample, maxHeaderBytes);
  closeLength(sink, length);
}

function writeExtendedSwitch(sink: Sink, record: ExtendedSwitch): void {
  writeU32(sink, EXTENDED_SWITCH);
  const length = openLength(sink);
  writeU32(sink, record.sourceVlan);
  writeU32(sink, record.sourcePriority);
  writeU32(sink, record.destinationVlan);
  writeU32(sink, record.destinationPriority);
  closeLength(sink, length);
}

function isWithin(innerOffset: number, headerLength: number, maxHeaderBytes: number): boolean {
  return innerOffset > 0 && innerOffset < Math.min(headerLength, maxHeaderBytes);
}

function writeTunnel(sink: Sink, { egress, vni, innerOffset }: TunnelOfPacket, isInnerSeen: boolean): void {
  if (isInnerSeen) writeWord(sink, egress ? EXTENDED_DECAPSULATE_EGRESS : EXTENDED_DECAPSULATE_INGRESS, innerOffset);
  writeWord(sink, egress ? EXTENDED_VNI_EGRESS : EXTENDED_VNI_INGRESS, vni);
}

/** A record of one number. */
function writeWord(sink: Sink, tag: number, value: number): void {
  writeU32(sink, tag);
  writeU32(sink, 4);
  writeU32(sink, value);
}

export function writeTimestamp(sink: Sink, timeNs: bigint): void {
  writeU32(sink, EXTENDED_TIMESTAMP);
  writeU32(sink, 8);
  const at = reserve(sink, 8);
  if (at >= 0) sink.buffer.writeBigInt64BE(BigInt.asIntN(64, timeNs), at);
}

/** The packet of a flow sample or of a discarded one. */
export type HeaderOf = Pick<FlowSample, 'headerProtocol' | 'wireBytes' | 'header' | 'headerOffset' | 'headerLength'>;

export function writeSampledHeader(sink: Sink, sample: HeaderOf, maxHeaderBytes: number): void {
  // frame_length counts the FCS and `stripped` what is missing in the header's packet: their difference is wireBytes.
  const stripped = sample.headerProtocol === HEADER_ETHERNET ? ETHERNET_FCS_BYTES : 0;
  writeU32(sink, SAMPLED_HEADER);
  const length = openLength(sink);
  writeU32(sink, sample.headerProtocol);
  writeU32(sink, sample.wireBytes + stripped);
  writeU32(sink, stripped);
  writeOpaque(sink, sample.header, sample.headerOffset, Math.min(sample.headerLength, maxHeaderBytes));
  closeLength(sink, length);
}
