// Header bytes for flow samples that came without (sampled_ethernet, sampled_ipv4, sampled_ipv6): what the fields say and
// nothing else. TTL and hop limit are 0, which no packet on the wire has: so such a header is known.

import type { DecodedStructure } from '../codec/decode-structure.ts';

export interface PacketBytes {
  linkType: 'ethernet' | 'ip';
  etherType: number;
  /** As the topic counts: without FCS. */
  wireBytes: number;
  header: Buffer;
}

const TCP = 6;
const UDP = 17;
const FCS_BYTES = 4;

/** undefined: none of these structures is among the records. */
export function synthesize(structures: readonly DecodedStructure[]): PacketBytes | undefined {
  const find = (name: string) => structures.find((structure) => structure.name === name)?.values;
  const ethernet = find('sampled_ethernet');
  const v4 = find('sampled_ipv4');
  const v6 = find('sampled_ipv6');
  const ip = v4 ?? v6;
  const packet = ip && {
    etherType: v4 ? 0x0800 : 0x86dd,
    header: v4 ? ipv4Header(v4 as never) : ipv6Header(v6 as never),
  };
  if (ethernet) {
    const frame = Buffer.alloc(14);
    (ethernet.destinationMac as Buffer).copy(frame, 0);
    (ethernet.sourceMac as Buffer).copy(frame, 6);
    frame.writeUInt16BE(packet?.etherType ?? Number(ethernet.type) & 0xffff, 12);
    return {
      linkType: 'ethernet',
      etherType: frame.readUInt16BE(12),
      wireBytes: Math.max(frame.length, Number(ethernet.length) - FCS_BYTES),
      header: packet ? Buffer.concat([frame, packet.header]) : frame,
    };
  }
  if (!packet || !ip) return undefined;
  return { linkType: 'ip', ...packet, wireBytes: Math.max(packet.header.length, Number(ip.length)) };
}

interface IpFields {
  length: number;
  protocol: number;
  source: Buffer;
  destination: Buffer;
  sourcePort: number;
  destinationPort: number;
  tcpFlags: number;
  tos: number;
  priority: number;
}

function ipv4Header(fields: IpFields): Buffer {
  const transport = transportHeader(fields);
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header[1] = fields.tos & 0xff;
  header.writeUInt16BE(Math.min(0xffff, Math.max(fields.length, 20 + transport.length)), 2);
  header[9] = fields.protocol & 0xff;
  fields.source.copy(header, 12);
  fields.destination.copy(header, 16);
  return Buffer.concat([header, transport]);
}

function ipv6Header(fields: IpFields): Buffer {
  const transport = transportHeader(fields);
  const header = Buffer.alloc(40);
  header.writeUInt32BE((0x60000000 | ((fields.priority & 0xff) << 20)) >>> 0, 0);
  header.writeUInt16BE(Math.min(0xffff, Math.max(fields.length - 40, transport.length)), 4);
  header[6] = fields.protocol & 0xff;
  fields.source.copy(header, 8);
  fields.destination.copy(header, 24);
  return Buffer.concat([header, transport]);
}

function transportHeader({ protocol, sourcePort, destinationPort, tcpFlags, length }: IpFields): Buffer {
  if (protocol !== TCP && protocol !== UDP) return Buffer.alloc(0);
  const header = Buffer.alloc(protocol === TCP ? 20 : 8);
  header.writeUInt16BE(sourcePort & 0xffff, 0);
  header.writeUInt16BE(destinationPort & 0xffff, 2);
  if (protocol === TCP) header.writeUInt16BE(0x5000 | (tcpFlags & 0x1ff), 12);
  else header.writeUInt16BE(Math.min(0xffff, Math.max(8, length - 20)), 4);
  return header;
}
