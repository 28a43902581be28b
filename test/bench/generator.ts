// Sends frames out of an interface as fast as one core can: node generator.ts NETNS IFNAME SECONDS [PACKETS_PER_SECOND].
// Prints {"sent", "seconds"} as JSON.

import { buildTaggedFrame } from '@tcxflow/lab/frames.ts';
import { openPacketSocket } from 'libbpf-ts/packet-socket.ts';
import { FAR_MAC, NEAR_MAC } from '../support/link-pair.ts';

const FLOWS = 256;
const BURST = 64;

const [netns = '', ifName = '', secondsText = '1', rateText = '0'] = process.argv.slice(2);
const rate = Number(rateText);
const frames = Array.from({ length: FLOWS }, (_, flow) =>
  buildTaggedFrame({
    srcMac: FAR_MAC,
    dstMac: NEAR_MAC,
    tags: [],
    srcAddress: '192.0.2.2',
    dstAddress: '192.0.2.1',
    srcPort: 10_000 + flow,
    dstPort: 443,
    payloadBytes: 400,
  }),
);
const socket = openPacketSocket(ifName, netns);
const startedAt = performance.now();
const endsAt = startedAt + Number(secondsText) * 1000;
let sent = 0;
for (let now = startedAt; now < endsAt; now = performance.now()) {
  if (rate > 0 && sent > ((now - startedAt) / 1000) * rate) continue;
  for (let index = 0; index < BURST; index++) if (socket.send(frames[(sent + index) % FLOWS] as Buffer)) sent++;
}
process.stdout.write(JSON.stringify({ sent, seconds: (performance.now() - startedAt) / 1000 }));
