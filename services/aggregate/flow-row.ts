// What is known of a flow, as a row of 192 bytes in typed arrays: three cache lines, of which the first is the key. Pure.
//
// A sample is read into a row of the same layout, as the flow of one sample that it is: the first sample of a flow is copied,
// every other is added. An object a flow would take several times the room, and garbage collection would walk through them.

/** Of 4 bytes. */
export const ROW_WORDS = 48;
export const KEY_WORDS = 16;
export const ROW_BYTES = ROW_WORDS * 4;

/** Index into the row's 32-bit words. */
export const Word = {
  /** Agent, interface and direction, as a number in the window. Of a sample that was just read: not known yet. */
  point: 0,
  inputIfIndex: 1,
  outputIfIndex: 2,
  /** Source and destination, 16 bytes each as they were on the wire. */
  addresses: 3,
  /** Outer, and inner * 2^16. */
  vlans: 11,
  /** EtherType, DSCP * 2^16, stop * 2^24. */
  types: 12,
  /** Source, and destination * 2^16. */
  ports: 13,
  protocol: 14,
  /** Row in the window's tunnels, plus 1; 0: none. Of a sample that was just read: in the batch's. */
  tunnel: 15,
  // Here the key ends, and words 16 to 31 are numbers of 8 bytes.
  tcpFlags: 32,
  minTtl: 33,
  maxTtl: 34,
  minLength: 35,
  maxLength: 36,
  // What follows is of the first sample. Of one that was just read, the indexes are the batch's.
  origin: 37,
  srcAs: 38,
  dstAs: 39,
  srcCountry: 40,
  dstCountry: 41,
  srcNetwork: 42,
  dstNetwork: 43,
  mplsLabel: 46,
  /** Groups of fields that the packet had, bits as DecodedSample.fields; of ARP without addresses. */
  fields: 47,
} as const;

/** Index into the row's 64-bit numbers. */
export const Double = {
  samples: 8,
  packets: 9,
  bytes: 10,
  ipBytes: 11,
  packetsVariance: 12,
  bytesVariance: 13,
  /** ns from the window's start: exact as doubles, where ns since 1970 are not. */
  firstNs: 14,
  lastNs: 15,
  windowStartMs: 22,
} as const;

/** Row of a tunnel, all of it key: kind, id, 0, outer addresses. */
export const TUNNEL_WORDS = 12;
export const TunnelWord = { kind: 0, idLow: 1, idHigh: 2, addresses: 4 } as const;

/** Several rows one after the other, as words, as doubles and as bytes. */
export interface Rows {
  ints: Int32Array;
  doubles: Float64Array;
  bytes: Uint8Array;
}

/** @param words even */
export function createRows(words: number): Rows {
  const buffer = new ArrayBuffer(words * 4);
  return { ints: new Int32Array(buffer), doubles: new Float64Array(buffer), bytes: new Uint8Array(buffer) };
}

/** With the same content in front. */
export function enlargeRows(rows: Rows, words: number): Rows {
  const larger = createRows(words);
  larger.ints.set(rows.ints);
  return larger;
}

/** Adds a row to a flow. @param to first word of the flow @param at first word of what is added */
export function addRow(flow: Rows, to: number, more: Rows, at: number): void {
  const sums = flow.doubles;
  const added = more.doubles;
  const sumsAt = to >>> 1;
  const addedAt = at >>> 1;
  for (let index: number = Double.samples; index <= Double.bytesVariance; index++)
    sums[sumsAt + index] = (sums[sumsAt + index] as number) + (added[addedAt + index] as number);
  const firstNs = added[addedAt + Double.firstNs] as number;
  const lastNs = added[addedAt + Double.lastNs] as number;
  if (firstNs < (sums[sumsAt + Double.firstNs] as number)) sums[sumsAt + Double.firstNs] = firstNs;
  if (lastNs > (sums[sumsAt + Double.lastNs] as number)) sums[sumsAt + Double.lastNs] = lastNs;

  const ints = flow.ints;
  const others = more.ints;
  ints[to + Word.tcpFlags] = (ints[to + Word.tcpFlags] as number) | (others[at + Word.tcpFlags] as number);
  for (const least of [Word.minTtl, Word.minLength] as const) {
    const value = others[at + least] as number;
    if (value < (ints[to + least] as number)) ints[to + least] = value;
  }
  for (const most of [Word.maxTtl, Word.maxLength] as const) {
    const value = others[at + most] as number;
    if (value > (ints[to + most] as number)) ints[to + most] = value;
  }
}
