import { type Cursor, stopAt, take, uint8, uint16, uint48, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Stop } from '../decoded-header.ts';
import { ETHERTYPE_MIN } from '../numbers.ts';
import { decodeLlc } from './llc.ts';

const SLL_BYTES = 16;
const SLL2_BYTES = 20;
/** <linux/if_ether.h>: an 802.2 header follows. */
const ETH_P_802_2 = 4;
/** <linux/if_arp.h>: its protocol is a netlink family. */
const ARPHRD_NETLINK = 824;

// LINKTYPE_LINUX_SLL                      LINKTYPE_LINUX_SLL2
//
//   0  2  packet type                       0  2  protocol
//   2  2  ARPHRD_ type                      2  2  reserved
//   4  2  bytes of the address              4  4  interface index
//   6  8  address of the sender             8  2  ARPHRD_ type
//  14  2  protocol                         10  1  packet type
//                                          11  1  bytes of the address
//                                          12  8  address of the sender
//
// https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html. The receiver's address is not in it.
/** @returns the EtherType */
export function decodeLinuxSll(cursor: Cursor, out: DecodedHeader): number {
  const at = take(cursor, SLL_BYTES, Layer.cooked, out);
  if (at < 0) return at;
  if (uint16(cursor, at + 4) === 6) out.srcMac = uint48(cursor, at + 6);
  return typeBehind(cursor, uint16(cursor, at + 14), uint16(cursor, at + 2), out);
}

export function decodeLinuxSll2(cursor: Cursor, out: DecodedHeader): number {
  const at = take(cursor, SLL2_BYTES, Layer.cooked, out);
  if (at < 0) return at;
  if (uint8(cursor, at + 11) === 6) out.srcMac = uint48(cursor, at + 12);
  return typeBehind(cursor, uint16(cursor, at), uint16(cursor, at + 8), out);
}

function typeBehind(cursor: Cursor, protocol: number, hardware: number, out: DecodedHeader): number {
  understood(Layer.cooked, out);
  if (hardware === ARPHRD_NETLINK) return stopAt(Stop.unsupported, Layer.network, out);
  if (protocol >= ETHERTYPE_MIN) return protocol;
  return protocol === ETH_P_802_2 ? decodeLlc(cursor, out) : stopAt(Stop.unsupported, Layer.network, out);
}
