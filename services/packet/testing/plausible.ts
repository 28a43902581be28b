import { type DecodedHeader, MPLS_LABELS_MAX } from '../decoded-header.ts';

const within = (value: number, max: number): boolean => Number.isInteger(value) && value >= 0 && value <= max;

const ranges: [name: keyof DecodedHeader, max: number][] = [
  ['stop', 3],
  ['stopLayer', 39],
  ['layers', 2 ** 31 - 1],
  ['moreLayers', 2 ** 9 - 1],
  ['fields', 2 ** 15 - 1],
  ['srcMac', 2 ** 48 - 1],
  ['dstMac', 2 ** 48 - 1],
  ['innerSrcMac', 2 ** 48 - 1],
  ['innerDstMac', 2 ** 48 - 1],
  ['vlanId', 0xfff],
  ['innerVlanId', 0xfff],
  ['etherType', 0xffff],
  ['mplsDepth', MPLS_LABELS_MAX],
  ['ipBytes', 40 + 2 ** 32],
  ['protocol', 0xff],
  ['dscp', 63],
  ['ecn', 3],
  ['ttl', 0xff],
  ['flowLabel', 0xfffff],
  ['fragmentOffset', 65528],
  ['srcPort', 0xffff],
  ['dstPort', 0xffff],
  ['tcpFlags', 0x1ff],
  ['tcpWindow', 0xffff],
  ['tcpMss', 0xffff],
  ['icmpType', 0xff],
  ['icmpCode', 0xff],
  ['tunnelDepth', 8],
  ['tunnelKind', 18],
  ['tunnelId', 2 ** 32 - 1],
  ['outerProtocol', 0xff],
  ['outerDscp', 63],
  ['outerTtl', 0xff],
  ['outerSrcPort', 0xffff],
  ['outerDstPort', 0xffff],
];

/** Whether each field of a record can be what the bytes said, whatever they were. */
export function isPlausible(out: DecodedHeader, bytes: number): boolean {
  for (const [name, max] of ranges) if (!within(out[name] as number, max)) return false;
  for (let i = 0; i < out.mplsDepth; i++) if (!within(out.mplsLabels[i] as number, 0xfffff)) return false;
  const hasPayload = within(out.payloadAt, out.payloadEnd) && within(out.payloadEnd, bytes);
  return within(out.l2Bytes, bytes) && (hasPayload || (out.payloadAt === -1 && out.payloadEnd === -1));
}
