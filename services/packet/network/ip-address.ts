import { type Cursor, uint8 } from '../cursor.ts';

// Byte by byte: Buffer.copy() costs more than these few moves.

/** IPv4-mapped, RFC 4291 2.5.5.2: 80 zero bits, 16 one bits, the address. */
export function copyIpv4Address(cursor: Cursor, at: number, address: Buffer): void {
  for (let i = 0; i < 10; i++) address[i] = 0;
  address[10] = 0xff;
  address[11] = 0xff;
  for (let i = 0; i < 4; i++) address[12 + i] = uint8(cursor, at + i);
}

export function copyIpv6Address(cursor: Cursor, at: number, address: Buffer): void {
  for (let i = 0; i < 16; i++) address[i] = uint8(cursor, at + i);
}
