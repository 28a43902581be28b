import type { LinkType } from '../decode.ts';

/** A frame of our own, each with the number of bytes its decoding needs. Used for cutting, mutating, and against tshark. */
export interface Fixture {
  name: string;
  /** The document that its bytes were written from. */
  origin: string;
  frame: Buffer;
  /** Bytes from which on the result is `stop`; with fewer it is truncated or malformed. */
  needs: number;
  stop: number;
  /** Ethernet by default. */
  linkType?: LinkType;
  /** A frame that ends too early is no fault of it: it may be of a kind that is not known. */
  shortIsUnknown?: boolean;
}
