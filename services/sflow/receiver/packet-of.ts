// The packet of a flow or discard sample as the topics have it.

import { HEADER_ETHERNET, HEADER_IPV4, HEADER_IPV6 } from '../codec/constants.ts';
import type { DecodedSampledHeader, FlowRecord } from '../codec/decode-flow-sample.ts';
import { type PacketBytes, synthesize } from './synthesize.ts';

export interface Packet extends PacketBytes {
  synthesized: boolean;
}

const INT_MAX = 0x7fffffff;

/** undefined: there is none, or it begins with something that the topics have no word for. */
export function packetOf(records: readonly FlowRecord[]): Packet | undefined {
  for (const record of records) if (record.kind === 'sampled_header') return sampledPacket(record);
  const made = synthesize(records.filter((record) => record.kind === 'structure'));
  return made && { ...made, wireBytes: Math.min(made.wireBytes, INT_MAX), synthesized: true };
}

function sampledPacket({ protocol, frameLength, stripped, header }: DecodedSampledHeader): Packet | undefined {
  // What was stripped may be in front or behind; either way the rest is what the header begins.
  const wireBytes = Math.min(Math.max(frameLength - stripped, header.length), INT_MAX);
  const etherType = protocol === HEADER_IPV4 ? 0x0800 : protocol === HEADER_IPV6 ? 0x86dd : 0;
  if (protocol === HEADER_ETHERNET)
    return {
      ...{ linkType: 'ethernet', wireBytes, header, synthesized: false },
      etherType: header.length >= 14 ? header.readUInt16BE(12) : 0,
    };
  return etherType === 0 ? undefined : { linkType: 'ip', etherType, wireBytes, header, synthesized: false };
}
