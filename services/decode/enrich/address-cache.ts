// Finds what is known of an address again: 16 bytes → a small number. Sets of eight; in a set the second-chance (CLOCK)
// rule says which entry makes room. Bounded, nothing is allocated, and a look-up costs a hash and a few comparisons.

const WAYS = 8;

/** Uint32 words of an entry: four of the address, one of bookkeeping, three for whoever asks. */
export const ENTRY_WORDS = 8;
const STATE_WORD = 4;
export const FIRST_FACT_WORD = 5;

export interface AddressCache {
  readonly entries: number;
  readonly lookups: number;
  readonly misses: number;
  /** Entry n begins at n * ENTRY_WORDS; its facts at FIRST_FACT_WORD from there. Entry 0 is no address, all facts 0. */
  readonly words: Uint32Array;
  /**
   * @returns entry of the 16 bytes at offset, from 1 to entries; negative when it was just given to them, and its facts
   *   are those of another address. 0 for all zeros, which is no address.
   */
  find(bytes: Uint8Array, offset: number): number;
  /** Forgets all. */
  clear(): void;
}

/** @param entries a power of two, at least 8 @param seed makes collisions hard to aim at */
export function createAddressCache(entries: number, seed: number): AddressCache {
  if (entries < WAYS || (entries & (entries - 1)) !== 0) throw new RangeError(`${entries} entries`);
  // One entry is half a cache line: that is what a look-up costs when the cache is larger than the processor's.
  const words = new Uint32Array((entries + 1) * ENTRY_WORDS);
  // Multiplied one beside the other: hashing the words one after another costs 10 ns more.
  const [ma, mb, mc, md] = makeMultipliers(seed);
  const hands = new Uint8Array(entries / WAYS);
  const setMask = entries / WAYS - 1;
  /** State of a valid entry: this, plus 1 when it was used again. */
  let epoch = 2;
  /** Look-ups and misses: a plain number would be allocated anew for each from 2^31 on. */
  const counts = new Float64Array(2);

  function take(set: number, a: number, b: number, c: number, d: number): number {
    counts[1] = (counts[1] as number) + 1;
    let way = hands[set] as number;
    // Once round takes all second chances: then the first is free.
    for (let step = 0; step < WAYS; step++) {
      const at = (set * WAYS + way + 1) * ENTRY_WORDS + STATE_WORD;
      if (words[at] !== epoch + 1) break;
      words[at] = epoch;
      way = (way + 1) & (WAYS - 1);
    }
    const entry = set * WAYS + way + 1;
    hands[set] = (way + 1) & (WAYS - 1);
    const at = entry * ENTRY_WORDS;
    words[at] = a;
    words[at + 1] = b;
    words[at + 2] = c;
    words[at + 3] = d;
    words[at + STATE_WORD] = epoch;
    return -entry;
  }

  return {
    entries,
    words,
    get lookups() {
      return counts[0] as number;
    },
    get misses() {
      return counts[1] as number;
    },
    find(bytes, offset) {
      const a = wordAt(bytes, offset);
      const b = wordAt(bytes, offset + 4);
      const c = wordAt(bytes, offset + 8);
      const d = wordAt(bytes, offset + 12);
      if ((a | b | c | d) === 0) return 0;
      counts[0] = (counts[0] as number) + 1;
      const set = finalize(Math.imul(a, ma) + Math.imul(b, mb) + Math.imul(c, mc) + Math.imul(d, md)) & setMask;
      const end = ((set + 1) * WAYS + 1) * ENTRY_WORDS;
      for (let at = (set * WAYS + 1) * ENTRY_WORDS; at < end; at += ENTRY_WORDS) {
        if ((words[at + 3] as number) !== d >>> 0 || (words[at + 2] as number) !== c >>> 0) continue;
        if ((words[at] as number) !== a >>> 0 || (words[at + 1] as number) !== b >>> 0) continue;
        if (((words[at + STATE_WORD] as number) & ~1) >>> 0 !== epoch) continue;
        words[at + STATE_WORD] = epoch + 1;
        return at / ENTRY_WORDS;
      }
      return take(set, a, b, c, d);
    },
    clear() {
      epoch += 2;
      if (epoch < 0xffff_fffe) return;
      words.fill(0);
      epoch = 2;
    },
  };
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

/** Odd numbers that nobody can guess who does not know the seed. */
function makeMultipliers(seed: number): [number, number, number, number] {
  const multiplier = (n: number) => finalize(Math.imul(seed ^ (seed >>> 15), 0x9e3779b1) + n * 0x85eb_ca6b) | 1;
  return [multiplier(1), multiplier(2), multiplier(3), multiplier(4)];
}

/** MurmurHash3's: sets are chosen by the low bits, which are poor before it. */
function finalize(hash: number): number {
  let h = hash | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
