// What can stand between the start of a frame, or of what a tunnel carries, and the network header.

import { type Cursor, DONE, stopAt } from '../cursor.ts';
import { type DecodedHeader, Layer, Stop } from '../decoded-header.ts';
import * as numbers from '../numbers.ts';
import { decodeEtag } from './etag.ts';
import { decodeInnerEthernet } from './ethernet.ts';
import { decodeLengthAndLlc } from './llc.ts';
import { decodeMacsec } from './macsec.ts';
import { decodeMpls } from './mpls.ts';
import { decodeNsh } from './nsh.ts';
import { decodeItag } from './pbb.ts';
import { decodePpp } from './ppp.ts';
import { decodePppoe } from './pppoe.ts';
import { decodeVlanTags } from './vlan.ts';

/** A frame that is no trick has six at most; a loop over input needs an end. */
export const LINK_HEADERS_MAX = 32;

/** Walks what the types say. @returns the first EtherType that is none of a link header */
export function decodeLinkHeaders(cursor: Cursor, etherType: number, out: DecodedHeader): number {
  let type = etherType;
  for (let count = 0; count < LINK_HEADERS_MAX; count++) {
    switch (type) {
      // Tags belong to the frame: its EtherType is the one behind them.
      case numbers.ETHERTYPE_VLAN:
      case numbers.ETHERTYPE_QINQ:
      case numbers.ETHERTYPE_QINQ_OLD:
        type = decodeVlanTags(cursor, type, out);
        break;
      case numbers.ETHERTYPE_ETAG:
      case numbers.ETHERTYPE_VNTAG:
      case numbers.ETHERTYPE_CMD:
        type = decodeEtag(cursor, type, out);
        break;
      case numbers.ETHERTYPE_MACSEC:
        type = decodeMacsec(cursor, out);
        if (type === DONE) keepType(cursor, numbers.ETHERTYPE_MACSEC, out);
        break;
      default:
        // A length is no type, and as a part of flow keys it would make a flow of every packet size.
        if (type < numbers.ETHERTYPE_MIN) {
          type = decodeLengthAndLlc(cursor, type, out);
          break;
        }
        keepType(cursor, type, out);
        if (!isCarrier(type)) return type;
        type = decodeCarrier(cursor, type, out);
    }
    if (type === DONE) return DONE;
  }
  return stopAt(Stop.unsupported, Layer.network, out);
}

/** Of the frame itself: those of other headers come later. */
export function keepType(cursor: Cursor, type: number, out: DecodedHeader): void {
  if (cursor.typed) return;
  cursor.typed = true;
  out.etherType = type;
}

function isCarrier(type: number): boolean {
  switch (type) {
    case numbers.ETHERTYPE_MPLS:
    case numbers.ETHERTYPE_MPLS_UPSTREAM:
    case numbers.ETHERTYPE_PPPOE_DISCOVERY:
    case numbers.ETHERTYPE_PPPOE_SESSION:
    case numbers.ETHERTYPE_PPP:
    case numbers.ETHERTYPE_NSH:
    case numbers.ETHERTYPE_TEB:
    case numbers.ETHERTYPE_ITAG:
      return true;
    default:
      return false;
  }
}

function decodeCarrier(cursor: Cursor, type: number, out: DecodedHeader): number {
  switch (type) {
    case numbers.ETHERTYPE_PPPOE_DISCOVERY:
    case numbers.ETHERTYPE_PPPOE_SESSION:
      return decodePppoe(cursor, type, out);
    case numbers.ETHERTYPE_PPP:
      return decodePpp(cursor, out);
    case numbers.ETHERTYPE_NSH:
      return decodeNsh(cursor, out);
    case numbers.ETHERTYPE_ITAG:
      return decodeItag(cursor, out);
    case numbers.ETHERTYPE_TEB:
      return decodeInnerEthernet(cursor, out);
    default:
      return decodeMpls(cursor, out);
  }
}
