import { createDecodedHeader, type DecodedHeader, decodeHeader, type LinkType } from '../decode.ts';

export interface DecodeOptions {
  /** Captured bytes; all by default. */
  length?: number;
  frameBytes?: number;
  linkType?: LinkType;
  etherType?: number;
}

/** Decodes a whole frame into a record of its own. */
export function decode(frame: Buffer, options: DecodeOptions = {}): DecodedHeader {
  const out = createDecodedHeader();
  const { length = frame.length, frameBytes = frame.length, linkType = 'ethernet', etherType = 0 } = options;
  decodeHeader(frame, 0, length, linkType, etherType, frameBytes, out);
  return out;
}

/** The bits of `layers`. */
export function bits(...layers: number[]): number {
  return layers.reduce((sum, layer) => sum | (1 << layer), 0);
}

/** The bits of `moreLayers`. */
export function moreBits(...layers: number[]): number {
  return layers.reduce((sum, layer) => sum | (1 << (layer - 31)), 0);
}
