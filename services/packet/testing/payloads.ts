// Payloads of applications, written from their documents.

import { hex } from './frames.ts';

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const vector = (lengthBytes: 1 | 2, content: Buffer): Buffer =>
  Buffer.concat([lengthBytes === 1 ? Buffer.from([content.length]) : u16(content.length), content]);

/** RFC 1035 4.1: a message with one question, of class IN. */
export function dnsMessage(flags: number, labels: readonly string[], type: number): Buffer {
  const name = labels.map((label) => vector(1, Buffer.from(label, 'latin1')));
  return Buffer.concat([
    hex('1234'),
    u16(flags),
    hex('0001 0000 0000 0000'),
    ...name,
    hex('00'),
    u16(type),
    hex('0001'),
  ]);
}

export interface Hello {
  serverName?: string;
  alpn?: string[];
  /** Of supported_versions; without it the hello is one of TLS 1.2. */
  versions?: number[];
}

/** RFC 8446 4.1.2: a ClientHello in one record. */
export function clientHello({ serverName, alpn, versions }: Hello): Buffer {
  const extensions: Buffer[] = [Buffer.concat([hex('0a0a'), vector(2, Buffer.alloc(0))])];
  const add = (type: number, content: Buffer): number =>
    extensions.push(Buffer.concat([u16(type), vector(2, content)]));
  if (versions) add(43, vector(1, Buffer.concat(versions.map(u16))));
  if (serverName !== undefined)
    add(0, vector(2, Buffer.concat([hex('00'), vector(2, Buffer.from(serverName, 'latin1'))])));
  if (alpn) add(16, vector(2, Buffer.concat(alpn.map((name) => vector(1, Buffer.from(name, 'latin1'))))));
  const body = Buffer.concat([
    hex('0303'),
    Buffer.alloc(32, 0x11),
    vector(1, Buffer.alloc(32, 0x22)),
    vector(2, hex('1a1a 1301 1302 1303')),
    vector(1, hex('00')),
    vector(2, Buffer.concat(extensions)),
  ]);
  return Buffer.concat([hex('16 0301'), vector(2, Buffer.concat([hex('01 00'), u16(body.length), body]))]);
}

/** RFC 9000 17.2. */
export function quicLongHeader(version: number): Buffer {
  const head = Buffer.alloc(6);
  head[0] = 0xc3;
  head.writeUInt32BE(version, 1);
  head[5] = 8;
  return Buffer.concat([head, Buffer.alloc(8, 0x5c), hex('00 00 4496'), Buffer.alloc(40, 0xee)]);
}
