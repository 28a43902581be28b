import { type ApplicationHeader, ApplicationKind, NAME_BYTES_MAX } from './application-header.ts';

const RECORD_BYTES = 5;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const VERSION_BYTES = 2;
const RANDOM_BYTES = 32;
const SERVER_NAME = 0;
const ALPN = 16;
const SUPPORTED_VERSIONS = 43;
/** Browsers send about twenty; a loop over input needs an end. */
const EXTENSIONS_MAX = 64;
const VERSIONS_MAX = 32;

// RFC 8446 5.1, 4 and 4.1.2.
//
//   0  1  content type 22        5  1  message type 1
//   1  2  record version 3.x     6  3  length
//   3  2  length                 9  2  version 3.x
//                               11 32  random
//                               43  …  session, cipher suites, compression methods, each behind its length (1, 2, 1)
//                                …  …  extensions behind their length (2): type (2), length (2), content
/** Keeps what stands before the capture ends. @returns whether it is a ClientHello */
export function decodeTls(buffer: Buffer, at: number, end: number, out: ApplicationHeader): boolean {
  let position = at + RECORD_BYTES + 4;
  if (position + VERSION_BYTES > end) return false;
  if (buffer[at] !== HANDSHAKE || buffer[at + 1] !== 3 || buffer[at + RECORD_BYTES] !== CLIENT_HELLO) return false;
  if (buffer[position] !== 3) return false;
  out.kind = ApplicationKind.tls;
  out.version = buffer.readUInt16BE(position);
  position = skipVector(buffer, position + VERSION_BYTES + RANDOM_BYTES, end, 1);
  position = skipVector(buffer, position, end, 2);
  position = skipVector(buffer, position, end, 1);
  // The length of all extensions adds nothing to theirs.
  position += 2;
  for (let count = 0; count < EXTENSIONS_MAX && position + 4 <= end; count++) {
    const type = buffer.readUInt16BE(position);
    const start = position + 4;
    const bytes = buffer.readUInt16BE(position + 2);
    if (start + bytes > end) return true;
    if (type === SERVER_NAME) keepServerName(buffer, start, start + bytes, out);
    else if (type === ALPN) keepAlpn(buffer, start, start + bytes, out);
    else if (type === SUPPORTED_VERSIONS) keepVersion(buffer, start, start + bytes, out);
    position = start + bytes;
  }
  return true;
}

/** @returns behind it, or `end` */
function skipVector(buffer: Buffer, at: number, end: number, lengthBytes: 1 | 2): number {
  if (at + lengthBytes > end) return end;
  return at + lengthBytes + (lengthBytes === 1 ? (buffer[at] as number) : buffer.readUInt16BE(at));
}

// RFC 6066 3: length of the list (2); type 0, a host (1), length (2), name.
function keepServerName(buffer: Buffer, at: number, end: number, out: ApplicationHeader): void {
  if (at + 5 > end || buffer[at + 2] !== 0) return;
  const bytes = buffer.readUInt16BE(at + 3);
  if (bytes > NAME_BYTES_MAX || at + 5 + bytes > end) return;
  out.nameAt = at + 5;
  out.nameEnd = at + 5 + bytes;
}

// RFC 7301 3.1: length of the list (2); length (1), name.
function keepAlpn(buffer: Buffer, at: number, end: number, out: ApplicationHeader): void {
  if (at + 3 > end) return;
  const bytes = buffer[at + 2] as number;
  if (at + 3 + bytes > end) return;
  out.alpnAt = at + 3;
  out.alpnEnd = at + 3 + bytes;
}

// RFC 8446 4.2.1: length of the list (1); versions (2). RFC 8701: 0x0a0a, 0x1a1a and so on are there to be ignored.
function keepVersion(buffer: Buffer, at: number, end: number, out: ApplicationHeader): void {
  for (let count = 0; count < VERSIONS_MAX && at + 3 + count * 2 <= end; count++) {
    const version = buffer.readUInt16BE(at + 1 + count * 2);
    if ((version & 0x0f0f) !== 0x0a0a && version > out.version) out.version = version;
  }
}
