// The headers of a buffer with segmentation offload state the length of all its segments together; on the wire each segment states
// its own, and sFlow has packets as they are on the wire.

import { isVlanTag } from '@tcxflow/packet/link/vlan.ts';
import type { SourceState } from '@tcxflow/schemas/generated.ts';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from './codec/constants.ts';
import type { ReadBatch } from './read-batch.ts';

const MACS_BYTES = 12;
const TAG_BYTES = 4;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const UDP = 17;
const UDP_BYTES = 8;
const LENGTH_MAX = 0xffff;

/**
 * Writes into the message what the outermost IP header of a segment states, and UDP behind it. Doing it again changes nothing.
 * @param frameBytes of the segment, without FCS
 */
export function stateSegment(
  message: Buffer,
  { headerAt, headerBytes, etherType }: Pick<ReadBatch['samples'][0], 'headerAt' | 'headerBytes' | 'etherType'>,
  linkType: SourceState['linkType'],
  frameBytes: number,
): void {
  const end = headerAt + headerBytes;
  let at = headerAt;
  let type = etherType;
  if (linkType === 'ethernet') {
    at += MACS_BYTES + 2;
    if (at > end) return;
    type = message.readUInt16BE(at - 2);
    for (; isVlanTag(type) && at + TAG_BYTES <= end; at += TAG_BYTES) type = message.readUInt16BE(at + 2);
  }
  const ipBytes = frameBytes - (at - headerAt);
  if (ipBytes > LENGTH_MAX) return;
  if (type === ETHERTYPE_IPV4 && at + IPV4_BYTES <= end) stateIpv4(message, at, end, ipBytes);
  else if (type === ETHERTYPE_IPV6 && at + IPV6_BYTES <= end && ipBytes >= IPV6_BYTES) {
    message.writeUInt16BE(ipBytes - IPV6_BYTES, at + 4);
    if (message[at + 6] === UDP) stateUdp(message, at + IPV6_BYTES, end, ipBytes - IPV6_BYTES);
  }
}

/** RFC 791; the checksum follows as in RFC 1624, equation 3. */
function stateIpv4(message: Buffer, at: number, end: number, ipBytes: number): void {
  const ownBytes = ((message[at] as number) & 0xf) * 4;
  if (ownBytes < IPV4_BYTES || ipBytes < ownBytes) return;
  const inverse = (value: number) => ~value & 0xffff;
  let sum = inverse(message.readUInt16BE(at + 10)) + inverse(message.readUInt16BE(at + 2)) + ipBytes;
  sum = (sum & 0xffff) + (sum >>> 16);
  message.writeUInt16BE(inverse((sum & 0xffff) + (sum >>> 16)), at + 10);
  message.writeUInt16BE(ipBytes, at + 2);
  if (message[at + 9] === UDP) stateUdp(message, at + ownBytes, end, ipBytes - ownBytes);
}

function stateUdp(message: Buffer, at: number, end: number, bytes: number): void {
  if (at + UDP_BYTES <= end && bytes >= UDP_BYTES) message.writeUInt16BE(bytes, at + 4);
}
