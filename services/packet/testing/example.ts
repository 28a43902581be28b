import { formatAddress } from '@tcxflow/packet/address.ts';
import { communityId } from '@tcxflow/packet/community-id.ts';
import { createDecodedHeader, createTunnelPorts, decodeHeader, Stop } from '@tcxflow/packet/decode.ts';

// 198.18.0.1 → 198.18.0.2, VXLAN 42 on a port of our own, and in it 192.0.2.1:40000 → 198.51.100.2:443.
const frame = Buffer.from(
  `0200000000bb 0200000000aa 0800
   4500005a00004000 40110000 c6120001 c6120002
   c000 1388 0046 0000  08000000 00002a 00
   0200000000dd 0200000000cc 0800
   4500002800004000 40060000 c0000201 c6336402
   9c40 01bb 00000001 00000002 5002 ffff 0000 0000`.replaceAll(/\s/g, ''),
  'hex',
);

const ports = createTunnelPorts({ vxlan: [5000] });
const header = createDecodedHeader(); // once: it is filled again for each packet
decodeHeader(frame, 0, frame.length, 'ethernet', 0, frame.length, header, ports);

if (header.stop === Stop.complete) {
  console.log(formatAddress(header.outerSrcAddress), '→', formatAddress(header.outerDstAddress));
  console.log('  VNI', header.tunnelId, formatAddress(header.srcAddress), '→', formatAddress(header.dstAddress));
  console.log('  ports', header.srcPort, header.dstPort, 'flags', header.tcpFlags, communityId(header));
}
