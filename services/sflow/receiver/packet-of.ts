// The packet of a flow or discard sample as the topics have it.

import { HEADER_ETHERNET, HEADER_IPV4, HEADER_IPV6 } from '../codec/constants.ts';
import type { FlowRecord } from '../codec/decode-flow-sample.ts';
import { synthesize } from './synthesize.ts';

/** Its header bytes are where they were: in a datagram, or in what was made. */
export interface Packet {
  linkType: 'ethernet' | 'ip';
  etherType: number;
  /** As the topic counts: without FCS. */
  wireBytes: number;
  view: DataView;
  headerAt: number;
  headerBytes: number;
  synthesized: boolean;
}

/** What a sampled header says of its packet. */
export interface SampledHeader {
  protocol: number;
  frameLength: number;
  stripped: number;
  headerAt: number;
  headerBytes: number;
}

const INT_MAX = 0x7fffffff;
const ETHERNET_BYTES = 14;

export function createPacket(): Packet {
  const nothing = { etherType: 0, wireBytes: 0, view: new DataView(new ArrayBuffer(0)), headerAt: 0, headerBytes: 0 };
  return { linkType: 'ethernet', ...nothing, synthesized: false };
}

/** @returns false: there is none, or it begins with something that the topics have no word for */
export function readPacket(records: readonly FlowRecord[], into: Packet): boolean {
  for (const record of records)
    if (record.kind === 'sampled_header') {
      const { header } = record;
      return readSampledHeader({ ...record, headerAt: 0, headerBytes: header.length }, viewOf(header), into);
    }
  const made = synthesize(records.filter((record) => record.kind === 'structure'));
  if (!made) return false;
  const { linkType, etherType, header } = made;
  const wireBytes = Math.min(made.wireBytes, INT_MAX);
  const bytes = { view: viewOf(header), headerAt: 0, headerBytes: header.length };
  Object.assign(into, { linkType, etherType, wireBytes, ...bytes, synthesized: true });
  return true;
}

/** @returns false: the topics have no word for what it begins with */
export function readSampledHeader(sampled: SampledHeader, view: DataView, into: Packet): boolean {
  const { protocol, headerAt, headerBytes } = sampled;
  into.view = view;
  into.headerAt = headerAt;
  into.headerBytes = headerBytes;
  into.synthesized = false;
  // What was stripped may be in front or behind; either way the rest is what the header begins.
  into.wireBytes = Math.min(Math.max(sampled.frameLength - sampled.stripped, headerBytes), INT_MAX);
  if (protocol === HEADER_ETHERNET) {
    into.linkType = 'ethernet';
    into.etherType = headerBytes >= ETHERNET_BYTES ? view.getUint16(headerAt + ETHERNET_BYTES - 2) : 0;
    return true;
  }
  into.linkType = 'ip';
  into.etherType = protocol === HEADER_IPV4 ? 0x0800 : protocol === HEADER_IPV6 ? 0x86dd : 0;
  return into.etherType !== 0;
}

/** A point has one link type. Where a switch sends both kinds, packets without Ethernet get a header of zeros. */
export function asLink(packet: Packet, linkType: Packet['linkType']): void {
  if (packet.linkType === linkType) return;
  const before = packet.headerBytes;
  if (linkType === 'ethernet') {
    const frame = Buffer.alloc(ETHERNET_BYTES + before);
    frame.writeUInt16BE(packet.etherType, ETHERNET_BYTES - 2);
    headerOf(packet).copy(frame, ETHERNET_BYTES);
    packet.view = viewOf(frame);
    packet.headerAt = 0;
    packet.headerBytes = frame.length;
    packet.wireBytes += ETHERNET_BYTES;
  } else {
    const cut = Math.min(before, ETHERNET_BYTES);
    packet.headerAt += cut;
    packet.headerBytes -= cut;
    packet.wireBytes = Math.max(0, packet.wireBytes - ETHERNET_BYTES);
  }
  packet.linkType = linkType;
}

/** A view. */
export function headerOf({ view, headerAt, headerBytes }: Packet): Buffer {
  return Buffer.from(view.buffer, view.byteOffset + headerAt, headerBytes);
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
