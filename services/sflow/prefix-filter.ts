// Which packets a collector wants by their addresses: their own, and in a tunnel those of the outermost header.

import { createDecodedHeader, decodeHeader } from '@tcxflow/packet/decode.ts';
import { Tunnel } from '@tcxflow/packet/decoded-header.ts';
import type { RawSample, SourceState } from '@tcxflow/schemas/generated.ts';
import { createAllowList } from './allow-list.ts';

/** @param message where the sample's header bytes are */
export type WantsPacket = (
  message: Buffer,
  sample: Pick<RawSample, 'etherType' | 'wireBytes' | 'segments'> & { headerAt: number; headerBytes: number },
  linkType: SourceState['linkType'],
) => boolean;

/** @param prefixes as 192.0.2.0/24; `!` before one leaves out what the others took @returns undefined: all are wanted */
export function createPrefixFilter(prefixes: readonly string[]): WantsPacket | undefined {
  if (prefixes.length === 0) return undefined;
  const takes = prefixes.filter((prefix) => !prefix.startsWith('!'));
  const leaves = prefixes.filter((prefix) => prefix.startsWith('!')).map((prefix) => prefix.slice(1));
  const isWanted = createAllowList(takes);
  const isUnwanted = leaves.length > 0 ? createAllowList(leaves) : () => false;
  const header = createDecodedHeader();
  return (message, sample, linkType) => {
    const frameBytes = Math.round(sample.wireBytes / Math.max(1, sample.segments));
    decodeHeader(message, sample.headerAt, sample.headerBytes, linkType, sample.etherType, frameBytes, header);
    const addresses = [header.srcAddress, header.dstAddress];
    if (header.tunnelKind !== Tunnel.none) addresses.push(header.outerSrcAddress, header.outerDstAddress);
    // What has no address has zeros, which are in no prefix but ::/0.
    return addresses.some((address) => isWanted(address, 0)) && !addresses.some((address) => isUnwanted(address, 0));
  };
}
