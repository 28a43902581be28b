import { type Cursor, int32, uint8 } from '../cursor.ts';

const OPTION_PAD1 = 0;
const OPTION_JUMBO = 0xc2;
const JUMBO_MIN = 0x1_0000;
/** It is to be the first one; a loop over input needs an end. */
const OPTIONS_MAX = 16;

// RFC 2675 2, an option of the hop-by-hop header that stands right behind an IPv6 header with payload length 0.
//
//   0  1  type 0xc2
//   1  1  length 4
//   2  4  payload length, extension headers included; more than 65,535
/** @param start of the hop-by-hop header, which nobody has checked yet. @returns 0 without the option */
export function jumboPayloadBytes(cursor: Cursor, start: number): number {
  const readable = Math.min(cursor.capturedEnd, cursor.wireEnd);
  if (start + 8 > readable) return 0;
  const end = Math.min(readable, start + 8 + uint8(cursor, start + 1) * 8);
  let at = start + 2;
  for (let count = 0; count < OPTIONS_MAX && at + 1 < end; count++) {
    const type = uint8(cursor, at);
    if (type === OPTION_JUMBO && uint8(cursor, at + 1) === 4 && at + 6 <= end) {
      const bytes = int32(cursor, at + 2) >>> 0;
      return bytes >= JUMBO_MIN ? bytes : 0;
    }
    at += type === OPTION_PAD1 ? 1 : 2 + uint8(cursor, at + 1);
  }
  return 0;
}
