import { type Cursor, uint8, uint16 } from '../cursor.ts';
import * as numbers from '../numbers.ts';

/** As many bytes as looksLikeEthernet() looks at: the header and two behind. */
export const ETHERNET_LOOK_BYTES = 16;

/** Whether there is a type that is known, followed by what it says: for places where nothing else tells. */
export function looksLikeEthernet(cursor: Cursor, at: number): boolean {
  const type = uint16(cursor, at + 12);
  switch (type) {
    case numbers.ETHERTYPE_IPV4:
      return uint8(cursor, at + 14) >> 4 === 4;
    case numbers.ETHERTYPE_IPV6:
      return uint8(cursor, at + 14) >> 4 === 6;
    case numbers.ETHERTYPE_ARP:
      return uint16(cursor, at + 14) === 1;
    case numbers.ETHERTYPE_VLAN:
    case numbers.ETHERTYPE_QINQ:
    case numbers.ETHERTYPE_QINQ_OLD:
    case numbers.ETHERTYPE_MPLS:
    case numbers.ETHERTYPE_PPPOE_DISCOVERY:
    case numbers.ETHERTYPE_PPPOE_SESSION:
    case numbers.ETHERTYPE_EAPOL:
    case numbers.ETHERTYPE_LLDP:
    case numbers.ETHERTYPE_MACSEC:
      return true;
    default:
      // 802.3: the length and LLC of spanning tree or SNAP.
      return type <= 1500 && (uint16(cursor, at + 14) === 0x4242 || uint16(cursor, at + 14) === 0xaaaa);
  }
}
