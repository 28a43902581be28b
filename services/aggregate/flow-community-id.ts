// A flow's Community ID, as its packets have it. Pure.

import { communityId } from '@tcxflow/packet/community-id.ts';
import { createDecodedHeader } from '@tcxflow/packet/decoded-header.ts';
import { type Rows, Word } from './flow-row.ts';

const header = createDecodedHeader();

/** As an Avro string of less than 64 characters; empty where there is none. @returns the offset behind it */
export function writeCommunityId(bytes: Buffer, at: number, rows: Rows, row: number): number {
  const ports = rows.ints[row + Word.ports] as number;
  const addresses = (row + Word.addresses) * 4;
  header.fields = rows.ints[row + Word.fields] as number;
  header.protocol = rows.ints[row + Word.protocol] as number;
  for (let index = 0; index < 16; index++) {
    header.srcAddress[index] = rows.bytes[addresses + index] as number;
    header.dstAddress[index] = rows.bytes[addresses + 16 + index] as number;
  }
  header.srcPort = ports & 0xffff;
  header.dstPort = ports >>> 16;
  header.icmpType = header.dstPort >>> 8;
  header.icmpCode = header.dstPort & 0xff;
  const length = bytes.write(communityId(header), at + 1, 'latin1');
  bytes[at] = length << 1;
  return at + 1 + length;
}
