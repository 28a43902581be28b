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

// 3 × u32, 2 addresses, 5 × u16, 4 × u8; the agent follows.
const scratch = Buffer.alloc(3 * 4 + 2 * 16 + 5 * 2 + 4);

/**
 * Numbers too large for their field, which only a message of somebody else's making can hold, lose their upper bits: a
 * throw here would come again with every reading of that message.
 * @returns a string with one character a byte: a cheap key for a Map, and bytes for Kafka by latin1
 */
export function flowKey(batch: DecodedBatch, sample: DecodedSample): string {
  const source = batch.sources[sample.source];
  let at = 0;
  at = scratch.writeUInt32BE((source?.ifIndex ?? 0) >>> 0, at);
  at = scratch.writeUInt32BE(sample.inputIfIndex >>> 0, at);
  at = scratch.writeUInt32BE(sample.outputIfIndex >>> 0, at);
  at += sample.srcAddress.copy(scratch, at);
  at += sample.dstAddress.copy(scratch, at);
  at = scratch.writeUInt16BE(sample.vlanId & 0xffff, at);
  at = scratch.writeUInt16BE(sample.innerVlanId & 0xffff, at);
  at = scratch.writeUInt16BE(sample.etherType & 0xffff, at);
  at = scratch.writeUInt16BE(sample.srcPort & 0xffff, at);
  at = scratch.writeUInt16BE(destinationPort(sample) & 0xffff, at);
  at = scratch.writeUInt8(source?.direction === 'egress' ? 1 : 0, at);
  at = scratch.writeUInt8(sample.protocol & 0xff, at);
  at = scratch.writeUInt8(sample.dscp & 0xff, at);
  at = scratch.writeUInt8(sample.stop & 0xff, at);
  return scratch.toString('latin1', 0, at) + batch.agent;
}
