// A summary's row: a flow's (flow-row.ts) without what is of the first sample, and in front of it more to be told apart by. What
// is not in the key is zero. Pure.

import { Double, KEY_WORDS, type Rows, TUNNEL_WORDS, TunnelWord, Word } from './flow-row.ts';
import type { KeySet } from './key-set.ts';

/** Where the words of the flow begin. */
export const FLOW_AT = 8;
export const SUMMARY_KEY_WORDS = FLOW_AT + KEY_WORDS;
/** Even, as doubles are among them. */
export const SUMMARY_WORDS = FLOW_AT + Word.maxLength + 2;

/** Index into the row's first 32-bit words. */
export const SummaryWord = {
  srcAs: 0,
  dstAs: 1,
  srcCountry: 2,
  dstCountry: 3,
  /** Of the window's names. */
  srcNetwork: 4,
  dstNetwork: 5,
  mplsLabel: 6,
} as const;

/** What a key set leaves of a flow's key and of a tunnel, word by word. */
export interface KeyMasks {
  key: Int32Array;
  /** Of the same with IPv4 addresses: prefixes are others. Source and destination apart. */
  v4: Int32Array;
  tunnel: Int32Array;
}

const ADDRESS_WORDS = 4;
/** ::ffff:0:0/96, the words that IPv4 is mapped behind. */
const V4_MAPPED = new Int32Array(new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]).buffer);

export function makeKeyMasks({ has, prefixV4, prefixV6 }: KeySet): KeyMasks {
  const key = new Int32Array(KEY_WORDS);
  const tunnel = new Int32Array(TUNNEL_WORDS);
  key[Word.inputIfIndex] = has.inputIfIndex ? -1 : 0;
  key[Word.outputIfIndex] = has.outputIfIndex ? -1 : 0;
  key[Word.vlans] = (has.vlanId ? 0xffff : 0) | (has.innerVlanId ? 0xffff << 16 : 0);
  key[Word.types] = (has.etherType ? 0xffff : 0) | (has.dscp ? 0xff << 16 : 0) | (has.stop ? 0xff << 24 : 0);
  key[Word.ports] = (has.srcPort ? 0xffff : 0) | (has.dstPort ? 0xffff << 16 : 0);
  key[Word.protocol] = has.protocol ? -1 : 0;
  tunnel[TunnelWord.kind] = has.tunnelKind ? -1 : 0;
  tunnel.fill(has.tunnelId ? -1 : 0, TunnelWord.idLow, TunnelWord.idHigh + 1);
  const v4 = key.slice();
  for (const [place, wanted, outer] of [
    [0, has.srcAddress, has.outerSrcAddress],
    [ADDRESS_WORDS, has.dstAddress, has.outerDstAddress],
  ] as const) {
    if (wanted) key.set(prefixMask(prefixV6), Word.addresses + place);
    if (wanted) v4.set(prefixMask(96 + prefixV4), Word.addresses + place);
    if (outer) tunnel.fill(-1, TunnelWord.addresses + place, TunnelWord.addresses + place + ADDRESS_WORDS);
  }
  return { key, v4, tunnel };
}

/** The first bits of 16 bytes, as they lie in memory. */
function prefixMask(bits: number): Int32Array {
  const bytes = Uint8Array.from({ length: 16 }, (_, index) => 0xff00 >> Math.max(0, Math.min(8, bits - index * 8)));
  return new Int32Array(bytes.buffer);
}

/**
 * The flow's part of a sample's summary, but for the measuring point and the tunnel: those the window numbers.
 * @param startMs of the window that it goes into
 */
export function copySample(masks: KeyMasks, into: Rows, rows: Rows, at: number, startMs: number): void {
  const { ints, doubles } = into;
  const from = rows.ints;
  for (let word = 0; word < KEY_WORDS; word++)
    ints[FLOW_AT + word] = (from[at + word] as number) & (masks.key[word] as number);
  for (const address of [Word.addresses, Word.addresses + ADDRESS_WORDS]) {
    if (!isV4(from, at + address)) continue;
    for (let word = address; word < address + ADDRESS_WORDS; word++)
      ints[FLOW_AT + word] = (from[at + word] as number) & (masks.v4[word] as number);
  }
  const doublesAt = at >>> 1;
  const to = FLOW_AT >>> 1;
  for (let index: number = Double.samples; index <= Double.bytesVariance; index++)
    doubles[to + index] = rows.doubles[doublesAt + index] as number;
  const startDelayNs = ((rows.doubles[doublesAt + Double.windowStartMs] as number) - startMs) * 1e6;
  for (const time of [Double.firstNs, Double.lastNs] as const)
    doubles[to + time] = startDelayNs + (rows.doubles[doublesAt + time] as number);
  for (let word: number = Word.tcpFlags; word <= Word.maxLength; word++)
    ints[FLOW_AT + word] = from[at + word] as number;
}

function isV4(words: Int32Array, at: number): boolean {
  return words[at] === V4_MAPPED[0] && words[at + 1] === V4_MAPPED[1] && words[at + 2] === V4_MAPPED[2];
}

/** Start of the window that a sample falls into. @param at first of its 64-bit numbers */
export function windowStartOf(doubles: Float64Array, at: number, windowMs: number): number {
  const timeMs =
    (doubles[at + Double.windowStartMs] as number) + Math.floor((doubles[at + Double.firstNs] as number) / 1e6);
  return timeMs - (((timeMs % windowMs) + windowMs) % windowMs);
}
