// Just enough of the pcap format (draft-ietf-opsawg-pcap) for tests: writes UDP/IPv4 datagrams, reads UDP payloads.

import { readFileSync, writeFileSync } from 'node:fs';
import { SFLOW_PORT } from '../constants.ts';

const MAGIC = 0xa1b2c3d4;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const LINKTYPE_ETHERNET = 1;
const LINKTYPE_RAW = 101;
const UDP = 17;

/** Writes each payload as UDP over IPv4 from 192.0.2.1 to 192.0.2.2, port 6343 (link type RAW). */
export function writeUdpPcap(path: string, payloads: readonly Buffer[]): void {
  const head = Buffer.alloc(FILE_HEADER_BYTES);
  head.writeUInt32BE(MAGIC, 0);
  head.writeUInt16BE(2, 4);
  head.writeUInt16BE(4, 6);
  head.writeUInt32BE(65535, 16);
  head.writeUInt32BE(LINKTYPE_RAW, 20);
  const parts: Buffer[] = [head];
  payloads.forEach((payload, index) => {
    const packet = udpIpv4(payload);
    const record = Buffer.alloc(RECORD_HEADER_BYTES);
    record.writeUInt32BE(1_700_000_000 + index, 0);
    record.writeUInt32BE(packet.length, 8);
    record.writeUInt32BE(packet.length, 12);
    parts.push(record, packet);
  });
  writeFileSync(path, Buffer.concat(parts));
}

function udpIpv4(payload: Buffer): Buffer {
  const packet = Buffer.alloc(28 + payload.length);
  packet.writeUInt16BE(0x4500, 0);
  packet.writeUInt16BE(packet.length, 2);
  packet[8] = 64;
  packet[9] = UDP;
  packet.set([192, 0, 2, 1, 192, 0, 2, 2], 12);
  packet.writeUInt16BE(internetChecksum(packet.subarray(0, 20)), 10);
  packet.writeUInt16BE(SFLOW_PORT, 20);
  packet.writeUInt16BE(SFLOW_PORT, 22);
  packet.writeUInt16BE(8 + payload.length, 24);
  payload.copy(packet, 28);
  return packet;
}

export function internetChecksum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

export interface UdpPayload {
  /** Of the packet in the file, from 1. */
  index: number;
  payload: Buffer;
}

/** UDP payloads of an Ethernet capture, all ports; packets of any other kind are passed over. */
export function readUdpPcap(path: string): UdpPayload[] {
  const file = readFileSync(path);
  const little = file.readUInt32LE(0) === MAGIC || file.readUInt32LE(0) === 0xa1b23c4d;
  const u32 = (at: number) => (little ? file.readUInt32LE(at) : file.readUInt32BE(at));
  if (u32(20) !== LINKTYPE_ETHERNET) throw new Error(`${path}: link type ${u32(20)}`);
  const payloads: UdpPayload[] = [];
  let index = 0;
  for (let at = FILE_HEADER_BYTES; at < file.length; ) {
    const captured = u32(at + 8);
    at += RECORD_HEADER_BYTES;
    const payload = udpPayload(file.subarray(at, at + captured));
    index++;
    if (payload) payloads.push({ index, payload });
    at += captured;
  }
  return payloads;
}

function udpPayload(frame: Buffer): Buffer | null {
  const tagged = frame.readUInt16BE(12) === 0x8100 ? 4 : 0;
  const ip = 14 + tagged;
  const etherType = frame.readUInt16BE(12 + tagged);
  let udp: number;
  if (etherType === 0x0800 && frame[ip + 9] === UDP) udp = ip + (frame[ip]! & 15) * 4;
  else if (etherType === 0x86dd && frame[ip + 6] === UDP) udp = ip + 40;
  else return null;
  return frame.subarray(udp + 8, udp + frame.readUInt16BE(udp + 4));
}
