// The Kafka key of a flow's messages: what the flow is known by, as bytes. Pure.

import { type Rows, TunnelWord, Word } from './flow-row.ts';
import type { Origin } from './origins.ts';
import { chunkOf, wordOf } from './row-table.ts';
import type { Window } from './windows.ts';

/** In the byte of the stop reason: a tunnel's kind, id and addresses follow. */
const WITH_TUNNEL = 0x80;

/** 3 × u32, 2 addresses, 5 × u16, 4 × u8; then of a tunnel 3 × u32 and 2 addresses; then the agent. @returns the offset behind it */
export function writeFlowKey(
  bytes: Buffer,
  at: number,
  { tunnels }: Window,
  { agent, ifIndex, egress }: Origin,
  rows: Rows,
  row: number,
): number {
  const { ints } = rows;
  const vlans = ints[row + Word.vlans] as number;
  const types = ints[row + Word.types] as number;
  const ports = ints[row + Word.ports] as number;
  const tunnel = ints[row + Word.tunnel] as number;
  let to = bytes.writeInt32BE(ifIndex | 0, at);
  to = bytes.writeInt32BE(ints[row + Word.inputIfIndex] as number, to);
  to = bytes.writeInt32BE(ints[row + Word.outputIfIndex] as number, to);
  to = copyAddresses(bytes, to, rows, row + Word.addresses);
  to = bytes.writeUInt16BE(vlans & 0xffff, to);
  to = bytes.writeUInt16BE(vlans >>> 16, to);
  to = bytes.writeUInt16BE(types & 0xffff, to);
  to = bytes.writeUInt16BE(ports & 0xffff, to);
  to = bytes.writeUInt16BE(ports >>> 16, to);
  bytes[to++] = egress ? 1 : 0;
  bytes[to++] = ints[row + Word.protocol] as number;
  bytes[to++] = (types >>> 16) & 0xff;
  bytes[to++] = (types >>> 24) | (tunnel > 0 ? WITH_TUNNEL : 0);
  if (tunnel > 0) {
    const outer = chunkOf(tunnels, tunnel - 1);
    const outerRow = wordOf(tunnels, tunnel - 1);
    for (const word of [TunnelWord.kind, TunnelWord.idHigh, TunnelWord.idLow] as const)
      to = bytes.writeInt32BE(outer.ints[outerRow + word] as number, to);
    to = copyAddresses(bytes, to, outer, outerRow + TunnelWord.addresses);
  }
  return to + agent.copy(bytes, to);
}

function copyAddresses(bytes: Buffer, at: number, rows: Rows, word: number): number {
  for (let index = 0; index < 32; index++) bytes[at + index] = rows.bytes[word * 4 + index] as number;
  return at + 32;
}
