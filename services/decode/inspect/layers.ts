// Which bytes are which header, and what each of them told: found by decoding ever longer beginnings of a packet, so that it can't
// say anything else than the decoder does. Pure.

import { createDecodedHeader, type DecodedHeader, decodeHeader, type LinkType, Stop } from '@tcxflow/packet/decode.ts';
import { flatFields, layerName, readableHeader } from './readable.ts';

export interface HeaderStep {
  layer: string;
  /** Bytes of it: from `start` to before `end`. */
  start: number;
  end: number;
  /** Fields that have another value from here on. */
  fields: Record<string, unknown>;
}

export interface Explanation {
  steps: HeaderStep[];
  header: DecodedHeader;
}

/** Fields that only say how far decoding came. */
const progress = new Set(['stop', 'stopLayer', 'layers']);

/** @param ports UDP ports of tunnels */
export function explainPacket(
  packet: Buffer,
  linkType: LinkType,
  frameBytes: number,
  ports: Uint8Array,
  etherType = 0,
): Explanation {
  const header = createDecodedHeader();
  const decode = (bytes: number) =>
    decodeHeader(packet, 0, bytes, linkType, etherType, Math.max(frameBytes, packet.length), header, ports);
  const steps: HeaderStep[] = [];
  let before: Record<string, unknown> = {};
  let waitsFor = '';
  let start = 0;
  let key = '';
  for (let bytes = 0; bytes <= packet.length; bytes++) {
    decode(bytes);
    const next = keyOf(header);
    if (bytes > 0 && next !== key) {
      const now = flatFields(readableHeader(header));
      const fields = changes(before, now);
      // Under labels the first half byte is looked at, and is a part of what follows.
      if (waitsFor !== 'network' || Object.keys(fields).length > 0) {
        steps.push({ layer: waitsFor, start, end: bytes, fields });
        start = bytes;
      }
      before = now;
    }
    key = next;
    waitsFor = layerName(header.stopLayer);
    if (bytes > 0 && header.stop !== Stop.truncated) break;
  }
  decode(packet.length);
  return { steps, header };
}

/** Where decoding is; the same header may come twice, as a label or in a tunnel. */
function keyOf({ stop, stopLayer, tunnelDepth, mplsDepth, layers, moreLayers }: DecodedHeader): string {
  return [stop, stopLayer, tunnelDepth, mplsDepth, layers, moreLayers].join('/');
}

function changes(before: Record<string, unknown>, now: Record<string, unknown>): Record<string, unknown> {
  const changed = Object.entries(now).filter(([name, value]) => {
    return !progress.has(name) && value !== before[name];
  });
  return Object.fromEntries(changed);
}
