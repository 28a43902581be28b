import { type ApplicationHeader, ApplicationKind } from './application-header.ts';

const LONG_HEADER = 0x80;
const FIXED_BIT = 0x40;
const HEAD_BYTES = 6;
const CONNECTION_ID_BYTES_MAX = 20;
const VERSION_1 = 1;
/** RFC 9369. */
const VERSION_2 = 0x6b3343cf;

// RFC 8999 5.1, the same in all versions.
//
//   0  1  long header (1 bit), of the version (7)
//   1  4  version; 0 negotiates
//   5  1  length of the destination connection ID
//   6  …  that, and the source's in the same way
/** @param isItsPort versions that are not known are believed there only */
export function decodeQuic(buffer: Buffer, at: number, end: number, isItsPort: boolean, out: ApplicationHeader): void {
  if (at + HEAD_BYTES > end) return;
  const first = buffer[at] as number;
  if (!(first & LONG_HEADER) || (buffer[at + 5] as number) > CONNECTION_ID_BYTES_MAX) return;
  const version = buffer.readUInt32BE(at + 1);
  // 0xff0000.. are drafts of version 1, RFC 9000 15.
  const isKnown = version === VERSION_1 || version === VERSION_2 || version >>> 8 === 0xff0000;
  if (isKnown ? !(first & FIXED_BIT) : !isItsPort) return;
  out.kind = ApplicationKind.quic;
  out.version = version;
}
