import { type Cursor, stopAt, take, uint16, understood } from '../cursor.ts';
import { type DecodedHeader, Field, Layer, Stop } from '../decoded-header.ts';
import { ETHERTYPE_QINQ, ETHERTYPE_QINQ_OLD, ETHERTYPE_VLAN } from '../numbers.ts';

const TAG_BYTES = 4;
/** Two are common, three exist; more is somebody's trick, and a loop over input needs an end. */
export const VLAN_TAGS_MAX = 4;

export function isVlanTag(etherType: number): boolean {
  return etherType === ETHERTYPE_VLAN || etherType === ETHERTYPE_QINQ || etherType === ETHERTYPE_QINQ_OLD;
}

// IEEE 802.1Q-2022 9.6, one tag. Its tag protocol identifier stood in the type field before.
//
//   0  2  priority (3 bits), drop eligible (1), VLAN id (12)
//   2  2  EtherType of what follows, again with 802.3 lengths below 0x0600
/** Reads the tags, if any. Those of a frame inside a tunnel are not kept. @returns the EtherType behind them */
export function decodeVlanTags(cursor: Cursor, etherType: number, out: DecodedHeader): number {
  let next = etherType;
  for (let tag = 0; isVlanTag(next); tag++) {
    if (tag === VLAN_TAGS_MAX) return stopAt(Stop.unsupported, Layer.vlan, out);
    const at = take(cursor, TAG_BYTES, Layer.vlan, out);
    if (at < 0) return at;
    if (!cursor.typed) keepTag(uint16(cursor, at) & 0xfff, out);
    understood(Layer.vlan, out);
    next = uint16(cursor, at + 2);
  }
  return next;
}

function keepTag(id: number, out: DecodedHeader): void {
  if (!(out.fields & (1 << Field.vlan))) {
    out.vlanId = id;
    out.fields |= 1 << Field.vlan;
  } else if (!(out.fields & (1 << Field.innerVlan))) {
    out.innerVlanId = id;
    out.fields |= 1 << Field.innerVlan;
  }
}
