// Headers per second on one core. Headers lie in separate Buffers behind one another in memory, as a batch from Kafka has
// them, and there are more of them than a branch predictor learns by heart.

import { type Measurement, measureRate } from '../../test/bench/measure.ts';
import { createDecodedHeader, decodeHeader } from './decode.ts';
import { ethernet, extension, hex, innerEthernet, ipv4, ipv6, label, tag, tcp, udp, udpTo } from './testing/frames.ts';

const HEADERS = 16_384;
const CAPTURED_BYTES = 128;
const FRAME_BYTES = 1400;

const timestamps = hex('0101080a 00000001 00000002');
const payload = Buffer.alloc(1200);

/** Shares as on a server's uplink: TCP most, QUIC and DNS, a third IPv6, some of it tagged, a little of the rest. */
const uplink: [share: number, frame: Buffer][] = [
  [40, ethernet(0x0800, ipv4(6, tcp(0x8010, Buffer.concat([timestamps, payload]))))],
  [15, ethernet(0x86dd, ipv6(6, tcp(0x8010, Buffer.concat([timestamps, payload]))))],
  [12, ethernet(0x0800, ipv4(17, udp(payload)))],
  [10, ethernet(0x86dd, ipv6(17, udp(payload)))],
  [8, ethernet(0x8100, tag(100, 0x0800, ipv4(6, tcp(0x5010, payload))))],
  [4, ethernet(0x88a8, tag(10, 0x8100, tag(20, 0x86dd, ipv6(17, udp(payload)))))],
  [3, ethernet(0x0800, ipv4(1, hex('0800 0000 0001 0001')))],
  [2, ethernet(0x86dd, ipv6(58, hex('8700 0000 00000000')))],
  [2, ethernet(0x86dd, ipv6(0, Buffer.concat([extension(60), extension(6, 1), tcp()])))],
  [2, ethernet(0x0800, ipv4(17, payload, { fragment: 185 }))],
  [1, ethernet(0x0806, hex('0001 0800 06 04 0001 0200000000aa c0000201 000000000000 c0000202'))],
  [1, ethernet(0x88cc, payload)],
];

const over4 = (protocol: number, ...packet: Buffer[]): Buffer =>
  ethernet(0x0800, ipv4(protocol, Buffer.concat(packet)));
const web = ipv4(6, tcp(0x8010, Buffer.concat([timestamps, payload])));
const web6 = ipv6(6, tcp(0x8010, Buffer.concat([timestamps, payload])));
const vxlan = hex('08000000 012345 00');

/** Half of it that uplink; the other half what virtual networks and carriers put around it. */
const overlays: [share: number, frame: Buffer][] = [
  [8, ethernet(0x8100, tag(100, 0x0800, web))],
  [4, ethernet(0x88a8, tag(10, 0x8100, tag(20, 0x86dd, web6)))],
  [10, over4(17, udpTo(4789, Buffer.concat([vxlan, innerEthernet(0x0800, web)])))],
  [4, over4(17, udpTo(4789, Buffer.concat([vxlan, innerEthernet(0x86dd, web6)])))],
  [
    4,
    over4(17, udpTo(6081, Buffer.concat([hex('0200 6558 00000a 00 0102 80 01 deadbeef'), innerEthernet(0x0800, web)]))),
  ],
  [6, ethernet(0x8847, label(16001, false), label(24, true), web)],
  [2, ethernet(0x8847, label(300, true), hex('00000000'), innerEthernet(0x0800, web))],
  [4, over4(47, hex('2000 0800 00000010'), web)],
  [2, over4(47, hex('2000 6558 00abcd05'), innerEthernet(0x0800, web))],
  [2, over4(17, udpTo(2152, Buffer.concat([hex('30ff 04e4 f0000001'), web])))],
  [2, over4(41, web6)],
  [2, ethernet(0x8864, Buffer.concat([hex('11 00 0001 04e6 0021'), web]))],
];

const shared = overlays.reduce((sum, [share]) => sum + share, 0);
const mixes: Record<string, [share: number, frame: Buffer][]> = {
  uplink,
  realistic: [...overlays.map(([share, frame]): [number, Buffer] => [share * 100, frame]), ...uplink.map(scale)],
};

function scale([share, frame]: [number, Buffer]): [number, Buffer] {
  return [share * shared, frame];
}

export const benchmarks: Record<string, () => Measurement> = {
  'decode.headers_per_s': () => measure('realistic'),
  'decode.headers_per_s_plain': () => measure('uplink'),
};

function measure(mix: string): Measurement {
  const headers = makeHeaders(mixes[mix] as [number, Buffer][]);
  const out = createDecodedHeader();
  const decodeAll = (): void => {
    for (const header of headers) decodeHeader(header, 0, header.length, 'ethernet', 0, FRAME_BYTES, out);
  };
  return measureRate(decodeAll, HEADERS, 'headers/s');
}

function makeHeaders(mix: [share: number, frame: Buffer][]): Buffer[] {
  const deck = mix.flatMap(([share, frame]) => new Array<Buffer>(share).fill(frame));
  const memory = Buffer.alloc(HEADERS * CAPTURED_BYTES);
  // A fixed seed: every run and every machine decodes the same bytes.
  let random = 1;
  return Array.from({ length: HEADERS }, (_, index) => {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    const frame = deck[(random >>> 8) % deck.length] as Buffer;
    const start = index * CAPTURED_BYTES;
    return memory.subarray(start, start + frame.copy(memory, start, 0, CAPTURED_BYTES));
  });
}
