import { type Cursor, stopAt, take, uint16, understood } from './cursor.ts';
import { type DecodedHeader, Layer, Stop } from './decoded-header.ts';
import { ETHERTYPE_QINQ, ETHERTYPE_QINQ_OLD, ETHERTYPE_VLAN } from './numbers.ts';

const TAG_BYTES = 4;
/** Two are common, three exist; more is somebody's trick, and a loop over input needs an end. */
export const VLAN_TAGS_MAX = 4;

function isTag(etherType: number): boolean {
  return etherType === ETHERTYPE_VLAN || etherType === ETHERTYPE_QINQ || etherType === ETHERTYPE_QINQ_OLD;
}

// IEEE 802.1Q-2022 9.6, one tag. Its tag protocol identifier stood in the type field before.
//
//   0  2  priority (3 bits), drop eligible (1), VLAN id (12)
//   2  2  EtherType of what follows, again with 802.3 lengths below 0x0600
/** Reads the tags, if any. @returns the EtherType behind them */
export function decodeVlanTags(cursor: Cursor, etherType: number, out: DecodedHeader): number {
  let next = etherType;
  for (let tag = 0; isTag(next); tag++) {
    if (tag === VLAN_TAGS_MAX) return stopAt(Stop.unsupported, Layer.vlan, out);
    const at = take(cursor, TAG_BYTES, Layer.vlan, out);
    if (at < 0) return at;
    const id = uint16(cursor, at) & 0xfff;
    if (tag === 0) out.vlanId = id;
    else if (tag === 1) out.innerVlanId = id;
    understood(Layer.vlan, out);
    next = uint16(cursor, at + 2);
  }
  return next;
}
