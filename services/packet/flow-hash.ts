// A hash that both directions of a flow share, so that one worker sees both. The mixing is MurmurHash3's (x86, 32 bits):
// good avalanche from 32-bit multiplications alone, where a bigint would allocate.
// It chooses a partition; changing it moves flows between partitions, so it counts as a change of decoderVersion.

import { type DecodedHeader, Field, Layer } from './decoded-header.ts';
import { isIdShared } from './tunnel/tunnel.ts';

/**
 * Of the innermost packet; its tunnel counts too, as the same private addresses are in use in many.
 * @returns unsigned, 32 bits
 */
export function flowHash(header: DecodedHeader): number {
  const { srcAddress, dstAddress } = header;
  let a = hashAddress(srcAddress);
  let b = hashAddress(dstAddress);
  if (a === b) {
    // No addresses: the stations are the endpoints, else all of MPLS or LLC would meet in one partition.
    a = mix(mix(a, header.srcMac >>> 0), (header.srcMac / 0x1_0000_0000) | 0);
    b = mix(mix(b, header.dstMac >>> 0), (header.dstMac / 0x1_0000_0000) | 0);
  }
  a = finalize(mix(a, header.srcPort));
  b = finalize(mix(b, header.dstPort));
  // A sum and not an exclusive or: that is 0 for each flow whose two ends are equal.
  let hash = (a + b) | 0;
  hash = mix(hash, (header.protocol << 16) | header.etherType);
  hash = mix(hash, (header.vlanId << 12) | header.innerVlanId);
  if (header.tunnelDepth > 0) hash = mixTunnel(hash, header);
  return finalize(hash) >>> 0;
}

function mixTunnel(hash: number, header: DecodedHeader): number {
  let mixed = mix(hash, header.tunnelKind);
  // Call numbers of PPTP belong to a direction, unlike other keys of GRE.
  const isShared = isIdShared(header.tunnelKind) && !(header.layers & (1 << Layer.ppp));
  if (isShared) mixed = mix(mixed, header.tunnelId | 0);
  if (!(header.fields & (1 << Field.outerAddresses))) return mixed;
  const a = finalize(hashAddress(header.outerSrcAddress));
  const b = finalize(hashAddress(header.outerDstAddress));
  return mix(mixed, (a + b) | 0);
}

function hashAddress(address: Buffer): number {
  let hash = 0;
  for (let i = 0; i < 16; i += 4) {
    const word =
      ((address[i] as number) << 24) |
      ((address[i + 1] as number) << 16) |
      ((address[i + 2] as number) << 8) |
      (address[i + 3] as number);
    hash = mix(hash, word);
  }
  return hash;
}

function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function finalize(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
