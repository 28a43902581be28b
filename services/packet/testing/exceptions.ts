// Where a packet of the shared captures decodes to something else than tshark shows, and why. docs/reference/decoding.md has
// the rules.

import { Layer, Stop } from '../decoded-header.ts';

type Fields = Record<string, unknown>;

/** tshark has no field for where a broken or cut frame ends: these are read from the bytes. */
const broken: Record<string, Fields> = {
  'bad-eth-trunc.pcap 1': { stop: Stop.truncated, stopLayer: Layer.ethernet },
  'bad-geneve-trunc.pcapng 1': { stop: Stop.malformed, stopLayer: Layer.ethernet },
  'bad-ipv4-trunc.pcap 1': { stop: Stop.truncated, stopLayer: Layer.ipv4 },
  'bad-ipv4-malformed.pcap 1': { stop: Stop.malformed, stopLayer: Layer.ipv4 },
  'bad-ipv4-malformed.pcap 2': { stop: Stop.malformed, stopLayer: Layer.ipv4 },
  'bad-ipv6-ext-trunc.pcap 1': { stop: Stop.malformed, stopLayer: Layer.ipv6Extension },
  'bad-ipv6-nh-oobr.pcap 1': { stop: Stop.truncated, stopLayer: Layer.ipv6Extension },
  'bad-many-too-small.pcap 1': { stop: Stop.malformed, stopLayer: Layer.tcp },
  'bad-many-too-small.pcap 2': { stop: Stop.malformed, stopLayer: Layer.udp },
  'bad-many-too-small.pcap 3': { stop: Stop.malformed, stopLayer: Layer.udp, layers: 'ethernet ipv4' },
  'bad-many-too-small.pcap 4': { stop: Stop.malformed, stopLayer: Layer.gre },
  'bad-many-too-small.pcap 5': { stop: Stop.malformed, stopLayer: Layer.tcp },
  'bad-many-too-small.pcap 6': { stop: Stop.malformed, stopLayer: Layer.udp },
  'bad-many-too-small.pcap 7': { stop: Stop.malformed, stopLayer: Layer.udp, layers: 'ethernet ipv6' },
  'bad-many-too-small.pcap 8': { stop: Stop.malformed, stopLayer: Layer.gre },
  // The frame ends inside the innermost IPv4 header, which the header before it announces.
  'bad-mpls-tunnel-trunc.pcap 1': { stop: Stop.malformed, stopLayer: Layer.ipv4, tunnelDepth: 2 },
  'l2tp-control.pcap 7': { stop: Stop.truncated, stopLayer: Layer.ethernet },
  'l2tp-control.pcap 13': { stop: Stop.truncated, stopLayer: Layer.ethernet },
};

/** The UDP length is beyond the IP length: for tshark a remark of its expert. */
const badUdpLength = { stop: Stop.malformed, stopLayer: Layer.udp, layers: 'ethernet ipv4' };

/** Control messages with reserved flags, and without the sequence numbers that they must have: no L2TP by its RFC. */
const noL2tp = { stopLayer: Layer.udp, layers: 'ethernet ipv4 udp' };

export const exceptions: Record<string, Fields> = {
  ...broken,
  'l2tp-control.pcap 6': badUdpLength,
  'l2tp-control.pcap 12': badUdpLength,
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 8, 9, 10, 11, 14, 15, 16, 17, 18, 19, 20].map((index) => [`l2tp-control.pcap ${index}`, noL2tp]),
  ),
  // With a source route option tshark shows the last hop of the route as the destination, we what the header says.
  'ipv4-options.pcap 6': { dstAddress: '10.0.0.138' },
  'ipv4-options.pcap 7': { dstAddress: '10.0.0.138' },
  // tshark takes the control word for the start of a MAC address, as the README of the captures says; read by eye.
  'mpls-eompls-cw.pcap 1': {
    ...{ srcAddress: '10.31.0.1', dstAddress: '10.34.0.1', protocol: 6, ttl: 255 },
    ...{ srcPort: 11001, dstPort: 23, tcpFlags: 0x10, tcpWindow: 8192 },
    ...{ innerSrcMac: '02:00:00:00:00:04', innerDstMac: '02:00:00:00:00:03' },
    ...{ stop: Stop.complete, stopLayer: Layer.tcp, layers: 'ethernet ipv4 tcp mpls controlWord' },
    fields: 'macs addresses ports tcp mpls tunnel tunnelId innerMacs',
  },
};
