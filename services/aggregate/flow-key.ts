// The identity of a flow inside a window. Pure.

import type { DecodedBatch, DecodedSample } from '@tcxflow/schemas/generated.ts';

const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;

/** IPFIX carries ICMP type and code in the destination port (RFC 5102, icmpTypeCode); so do we. */
export function destinationPort(sample: DecodedSample): number {
  return sample.protocol === IPPROTO_ICMP || sample.protocol === IPPROTO_ICMPV6
    ? sample.icmpType * 256 + sample.icmpCode
    : sample.dstPort;
}

// Fixed part: 6 × u32, 2 addresses, 7 × u16, 3 × u8; the agent follows.
const scratch = Buffer.alloc(6 * 4 + 2 * 16 + 7 * 2 + 3);

/** @returns a string with one character a byte: a cheap key for a Map, and bytes for Kafka by latin1 */
export function flowKey(batch: DecodedBatch, sample: DecodedSample): string {
  const source = batch.sources[sample.source];
  let at = 0;
  at = scratch.writeUInt32BE((source?.ifIndex ?? 0) >>> 0, at);
  at = scratch.writeUInt32BE(sample.inputIfIndex >>> 0, at);
  at = scratch.writeUInt32BE(sample.outputIfIndex >>> 0, at);
  at += sample.srcAddress.copy(scratch, at);
  at += sample.dstAddress.copy(scratch, at);
  at = scratch.writeUInt16BE(sample.vlanId, at);
  at = scratch.writeUInt16BE(sample.innerVlanId, at);
  at = scratch.writeUInt16BE(sample.etherType, at);
  at = scratch.writeUInt16BE(sample.srcPort, at);
  at = scratch.writeUInt16BE(destinationPort(sample), at);
  at = scratch.writeUInt8(source?.direction === 'egress' ? 1 : 0, at);
  at = scratch.writeUInt8(sample.protocol, at);
  at = scratch.writeUInt8(sample.dscp, at);
  at = scratch.writeUInt8(sample.stop, at);
  return scratch.toString('latin1', 0, at) + batch.agent;
}
