import { type Cursor, DONE, int32, peek, stopAt, take, uint8, uint16, understood } from '../cursor.ts';
import { type DecodedHeader, Layer, Stop, Tunnel } from '../decoded-header.ts';
import * as numbers from '../numbers.ts';
import { decodeErspanII, decodeErspanIII } from './erspan.ts';
import { enterTunnel, identifyTunnel } from './tunnel.ts';

const FIXED_BYTES = 4;
const CHECKSUM = 0x8000;
const ROUTING = 0x4000;
const KEY = 0x2000;
const SEQUENCE = 0x1000;
const ACKNOWLEDGMENT = 0x0080;
const VERSION = 0x0007;
/** RFC 7637 5.1: virtual subnets below are reserved, and the last one too. With them it is a plain key. */
const NVGRE_MIN = 0x001000;
const NVGRE_MAX = 0xfffffe;

// RFC 2784 2.1 with RFC 2890; source routes (RFC 1701) are not read.
//
//   0  2  checksum, routing, key, sequence number; version (3 bits)
//   2  2  EtherType of what follows; 0 in keepalives
//   4  4  checksum and 2 bytes reserved
//   …  4  key; NVGRE, RFC 7637 3.2: virtual subnet (24 bits), flow (8)
//   …  4  sequence number
//
// Version 1, RFC 2637 4.1: PPTP. Without a sequence number there is no payload.
//
//   4  4  key: length of the payload (2), call (2)
//   …  4  sequence number
//   …  4  acknowledgment number
/** @returns the EtherType of what follows */
export function decodeGre(cursor: Cursor, out: DecodedHeader): number {
  const at = take(cursor, FIXED_BYTES, Layer.gre, out);
  if (at < 0) return at;
  const flags = uint16(cursor, at);
  const type = uint16(cursor, at + 2);
  const version = flags & VERSION;
  if (version === 1 && type === numbers.ETHERTYPE_PPP) return decodeVersion1(cursor, flags, out);
  if (version !== 0 || flags & ROUTING) return stopAt(Stop.unsupported, Layer.gre, out);
  const optional = (flags & CHECKSUM ? 4 : 0) + (flags & KEY ? 4 : 0) + (flags & SEQUENCE ? 4 : 0);
  const options = take(cursor, optional, Layer.gre, out);
  if (options < 0) return options;
  understood(Layer.gre, out);
  if (type === 0) return DONE;
  const hasKey = (flags & KEY) !== 0;
  const key = hasKey ? int32(cursor, options + (flags & CHECKSUM ? 4 : 0)) : 0;
  if (type === numbers.ETHERTYPE_ERSPAN && flags & SEQUENCE) return decodeErspanII(cursor, out);
  if (type === numbers.ETHERTYPE_ERSPAN_III) return decodeErspanIII(cursor, out);
  if (!enterTunnel(kindOf(type, flags, key), Layer.gre, out)) return DONE;
  if (hasKey) identifyTunnel(out.tunnelKind === Tunnel.nvgre ? key >>> 8 : key, out);
  // Type I has no header of its own.
  if (type === numbers.ETHERTYPE_ERSPAN) {
    understood(Layer.erspan, out);
    return numbers.ETHERTYPE_TEB;
  }
  if (type === numbers.ETHERTYPE_WCCP) return skipWccp(cursor, out);
  if (type === numbers.ETHERTYPE_CMD) return skipMetaData(cursor, out);
  return type < numbers.ETHERTYPE_MIN ? stopAt(Stop.unsupported, Layer.network, out) : type;
}

function kindOf(type: number, flags: number, key: number): number {
  if (type === numbers.ETHERTYPE_ERSPAN) return Tunnel.erspan;
  if (type !== numbers.ETHERTYPE_TEB || flags & (CHECKSUM | SEQUENCE)) return Tunnel.gre;
  const subnet = key >>> 8;
  return subnet >= NVGRE_MIN && subnet <= NVGRE_MAX ? Tunnel.nvgre : Tunnel.gre;
}

function decodeVersion1(cursor: Cursor, flags: number, out: DecodedHeader): number {
  if (!(flags & KEY) || flags & (CHECKSUM | ROUTING)) return stopAt(Stop.malformed, Layer.gre, out);
  const rest = 4 + (flags & SEQUENCE ? 4 : 0) + (flags & ACKNOWLEDGMENT ? 4 : 0);
  const at = take(cursor, rest, Layer.gre, out);
  if (at < 0) return at;
  understood(Layer.gre, out);
  if (!(flags & SEQUENCE)) return DONE;
  if (!enterTunnel(Tunnel.gre, Layer.gre, out)) return DONE;
  identifyTunnel(uint16(cursor, at + 2), out);
  return numbers.ETHERTYPE_PPP;
}

/** Version 2 has 4 bytes in front of the IPv4 packet, version 1 none: the first one tells. */
function skipWccp(cursor: Cursor, out: DecodedHeader): number {
  const at = peek(cursor, 1, Layer.network, out);
  if (at < 0) return DONE;
  if (uint8(cursor, at) >> 4 !== 4 && take(cursor, 4, Layer.network, out) < 0) return DONE;
  return numbers.ETHERTYPE_IPV4;
}

/** As a tag in Ethernet, see link/etag.ts, but the EtherType stands first. */
function skipMetaData(cursor: Cursor, out: DecodedHeader): number {
  const at = take(cursor, 8, Layer.etag, out);
  if (at < 0) return DONE;
  understood(Layer.etag, out);
  return uint16(cursor, at);
}
