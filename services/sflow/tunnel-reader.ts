// Which virtual network a packet in a tunnel is of, and where the packet inside begins. A VNI is one number at both ends, as
// sFlow's structures want it; tunnels with a number for each direction, or none, have no structure.

import { createDecodedHeader, type DecodedHeader, decodeHeader, Field, Tunnel } from '@tcxflow/packet/decode.ts';
import { IPPROTO_GRE, IPPROTO_UDP } from '@tcxflow/packet/numbers.ts';
import type { SourceState } from '@tcxflow/schemas/generated.ts';
import type { FlowSample, TunnelOfPacket } from './codec/flow-sample.ts';

const IPV6_BYTES = 40;
const UDP_BYTES = 8;
/** VXLAN, VXLAN-GPE, Geneve without its options, GRE with a key. */
const TUNNEL_BYTES = 8;

/** @returns a reader whose result holds until it is called again */
export function createTunnelReader() {
  const header = createDecodedHeader();
  const tunnel: TunnelOfPacket = { egress: false, vni: 0, innerOffset: 0 };
  return (
    sample: FlowSample,
    egress: boolean,
    linkType: SourceState['linkType'],
    etherType: number,
  ): TunnelOfPacket | null => {
    const { header: bytes, headerOffset, headerLength, wireBytes } = sample;
    decodeHeader(bytes, headerOffset, headerLength, linkType, etherType, wireBytes, header);
    if (!hasVni(header)) return null;
    tunnel.egress = egress;
    tunnel.vni = header.tunnelId;
    // The VNI is that of the innermost tunnel: the offset is only known when there is one.
    tunnel.innerOffset = header.tunnelDepth === 1 ? innerOffset(bytes, headerOffset, headerLength, header) : 0;
    return tunnel;
  };
}

function hasVni({ tunnelKind, fields }: DecodedHeader): boolean {
  if (!(fields & (1 << Field.tunnelId))) return false;
  return (
    tunnelKind === Tunnel.vxlan ||
    tunnelKind === Tunnel.vxlanGpe ||
    tunnelKind === Tunnel.geneve ||
    tunnelKind === Tunnel.nvgre
  );
}

/** @returns 0 behind IPv6 extension headers, which nobody puts around these tunnels, and where the capture ends before it */
function innerOffset(bytes: Buffer, start: number, length: number, { l2Bytes, tunnelKind }: DecodedHeader): number {
  const at = start + l2Bytes;
  const isIpv4 = (bytes[at] as number) >> 4 === 4;
  const protocol = bytes[at + (isIpv4 ? 9 : 6)];
  if (protocol !== (tunnelKind === Tunnel.nvgre ? IPPROTO_GRE : IPPROTO_UDP)) return 0;
  const ipBytes = isIpv4 ? ((bytes[at] as number) & 0xf) * 4 : IPV6_BYTES;
  const tunnelAt = at + ipBytes + (protocol === IPPROTO_UDP ? UDP_BYTES : 0);
  const optionBytes = tunnelKind === Tunnel.geneve ? ((bytes[tunnelAt] as number) & 0x3f) * 4 : 0;
  const offset = tunnelAt + TUNNEL_BYTES + optionBytes - start;
  return offset < length ? offset : 0;
}
