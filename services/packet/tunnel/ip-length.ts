import { type Cursor, uint8, uint16 } from '../cursor.ts';

/** As many bytes as ipLength() looks at. */
export const IP_LENGTH_BYTES = 6;

/** @returns what an IP header there says of its packet's length; 0 when there is none, or it says nothing */
export function ipLength(cursor: Cursor, at: number): number {
  const first = uint8(cursor, at);
  if (first >> 4 === 6) return 40 + uint16(cursor, at + 4);
  return first >= 0x45 && first <= 0x4f ? uint16(cursor, at + 2) : 0;
}
