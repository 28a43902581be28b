// What a flow sample says of its packet besides the header bytes: what collectors asked for, read out of these bytes.

import { isVlanTag } from '@tcxflow/packet/link/vlan.ts';
import type { RawSample, SourceState } from '@tcxflow/schemas/generated.ts';
import { HEADER_ETHERNET, UNKNOWN_U32 } from './codec/constants.ts';
import type { ExtendedSwitch, FlowSample } from './codec/flow-sample.ts';
import { createTunnelReader } from './tunnel-reader.ts';

export interface DescriptionOptions {
  /** extended_switch of packets with a tag. */
  vlans?: boolean;
  /** The network of a packet in a tunnel. */
  tunnels?: boolean;
  timestamps?: boolean;
}

/** Fills in the sample's further records; its header is there. */
export type DescribePacket = (
  sample: FlowSample,
  source: Pick<SourceState, 'direction' | 'linkType'>,
  raw: Pick<RawSample, 'etherType' | 'timeOffsetNs'>,
  baseTimeNs: bigint,
) => void;

/** @returns undefined: nothing is wanted */
export function createDescription(options: DescriptionOptions): DescribePacket | undefined {
  const { timestamps } = options;
  if (!options.vlans && !options.tunnels && !timestamps) return undefined;
  const readSwitch = options.vlans ? createSwitchReader() : undefined;
  const readTunnel = options.tunnels ? createTunnelReader() : undefined;
  return (sample, { direction, linkType }, { etherType, timeOffsetNs }, baseTimeNs) => {
    if (readSwitch) sample.extendedSwitch = readSwitch(sample, direction === 'ingress');
    if (readTunnel) sample.tunnel = readTunnel(sample, direction === 'egress', linkType, etherType);
    if (timestamps) sample.timestampNs = baseTimeNs + BigInt(timeOffsetNs);
  };
}

const MACS_BYTES = 12;
const TAG_BYTES = 4;

/**
 * The packet was seen on one side of the host, so one side is known. Without a tag none is: Linux has no VLAN of a port to tell.
 * @returns a reader whose result holds until it is called again
 */
function createSwitchReader(): (sample: FlowSample, ingress: boolean) => ExtendedSwitch | null {
  const record = { sourceVlan: 0, sourcePriority: 0, destinationVlan: 0, destinationPriority: 0 };
  return ({ header, headerOffset, headerLength, headerProtocol }, ingress) => {
    if (headerProtocol !== HEADER_ETHERNET || headerLength < MACS_BYTES + TAG_BYTES) return null;
    const at = headerOffset + MACS_BYTES;
    if (!isVlanTag(header.readUInt16BE(at))) return null;
    const tag = header.readUInt16BE(at + 2);
    record.sourceVlan = ingress ? tag & 0xfff : UNKNOWN_U32;
    record.sourcePriority = ingress ? tag >>> 13 : UNKNOWN_U32;
    record.destinationVlan = ingress ? UNKNOWN_U32 : tag & 0xfff;
    record.destinationPriority = ingress ? UNKNOWN_U32 : tag >>> 13;
    return record;
  };
}
