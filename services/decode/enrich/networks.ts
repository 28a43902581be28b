// Longest-prefix match. Prefixes nest or are apart, so together they cut the address space into ranges, each with the
// longest prefix over it: a sorted list of where ranges begin, searched by halves. Memory grows with the number of
// prefixes alone (at most 2 ranges each: 8 bytes for IPv4, 20 for IPv6), whatever their lengths; a trie with a wide stride
// would need 2 KB for each IPv6 prefix that stands alone. Pure.

export interface Prefix {
  /** 16 bytes, IPv4 mapped. */
  address: Uint8Array;
  /** Of the 128: 120 for an IPv4 /24. */
  bits: number;
  /** From 1. */
  value: number;
}

export interface PrefixTable {
  /** Ranges of both families. */
  readonly ranges: number;
  /** @returns value of the longest prefix of the 16 bytes at offset; 0 when none has them */
  lookup(bytes: Uint8Array, offset: number): number;
}

const IPV4_BITS_ABOVE = 96;

/** @param prefixes each once; one of 96 bits and more under ::ffff:0:0 is IPv4, and IPv6 prefixes hold no IPv4 address */
export function createPrefixTable(prefixes: readonly Prefix[]): PrefixTable {
  const ipv4 = makeRanges(
    prefixes.filter(isIpv4).map(({ address, bits, value }) => ({
      start: BigInt(wordAt(address, 12)),
      bits: bits - IPV4_BITS_ABOVE,
      value,
    })),
    32,
  );
  const ipv6 = makeRanges(
    prefixes
      .filter((prefix) => !isIpv4(prefix))
      .map(({ address, bits, value }) => ({
        start: BigInt(`0x${Buffer.from(address).toString('hex')}`),
        bits,
        value,
      })),
    128,
  );
  const starts4 = Uint32Array.from(ipv4, ({ start }) => Number(start));
  const values4 = Uint32Array.from(ipv4, ({ value }) => value);
  const starts6 = new Uint32Array(ipv6.length * 4);
  for (const [index, { start }] of ipv6.entries())
    for (let word = 0; word < 4; word++)
      starts6[index * 4 + word] = Number((start >> BigInt(96 - word * 32)) & 0xffff_ffffn);
  const values6 = Uint32Array.from(ipv6, ({ value }) => value);

  return {
    ranges: ipv4.length + ipv6.length,
    lookup(bytes, offset) {
      const a = wordAt(bytes, offset);
      const b = wordAt(bytes, offset + 4);
      const c = wordAt(bytes, offset + 8);
      const d = wordAt(bytes, offset + 12);
      if (a === 0 && b === 0 && c === 0xffff) return find4(starts4, values4, d);
      return find6(starts6, values6, a, b, c, d);
    },
  };
}

/** Whether a prefix lies in ::ffff:0:0/96. */
export function isIpv4({ address, bits }: Pick<Prefix, 'address' | 'bits'>): boolean {
  return (
    bits >= IPV4_BITS_ABOVE && wordAt(address, 0) === 0 && wordAt(address, 4) === 0 && wordAt(address, 8) === 0xffff
  );
}

interface Range {
  start: bigint;
  value: number;
}

function makeRanges(prefixes: { start: bigint; bits: number; value: number }[], width: number): Range[] {
  prefixes.sort((x, y) => (x.start < y.start ? -1 : x.start > y.start ? 1 : x.bits - y.bits));
  const ranges: Range[] = [];
  const begin = (start: bigint, value: number) => {
    const last = ranges.at(-1);
    if (last?.start === start) last.value = value;
    else ranges.push({ start, value });
  };
  const open: { end: bigint; value: number }[] = [];
  const closeBefore = (start: bigint) => {
    for (let top = open.at(-1); top && top.end <= start; top = open.at(-1)) {
      open.pop();
      begin(top.end, open.at(-1)?.value ?? 0);
    }
  };
  for (const { start, bits, value } of prefixes) {
    closeBefore(start);
    begin(start, value);
    open.push({ end: start + (1n << BigInt(width - bits)), value });
  }
  const end = 1n << BigInt(width);
  closeBefore(end);
  return ranges.filter(({ start }) => start < end);
}

/** The last range that begins at or before the address. */
function find4(starts: Uint32Array, values: Uint32Array, address: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] as number) <= address) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? 0 : (values[low - 1] as number);
}

function find6(starts: Uint32Array, values: Uint32Array, a: number, b: number, c: number, d: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = middle * 4;
    let difference = (starts[at] as number) - a;
    if (difference === 0) difference = (starts[at + 1] as number) - b;
    if (difference === 0) difference = (starts[at + 2] as number) - c;
    if (difference === 0) difference = (starts[at + 3] as number) - d;
    if (difference <= 0) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? 0 : (values[low - 1] as number);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}
