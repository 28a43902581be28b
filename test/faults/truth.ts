// What was sent, counted where it is made: by minute and flow key. Every table, folded to its own keys, must have the same.

/** What a sample belongs to; addresses are 32 hexadecimal digits, IPv4 mapped. */
export interface FlowKey {
  minute: number;
  agent: string;
  ifIndex: number;
  direction: 'ingress' | 'egress';
  protocol: number;
  src: string;
  dst: string;
  srcPort: number;
  dstPort: number;
}

export interface Measures {
  samples: number;
  packets: number;
  bytes: number;
}

export type Sums = Map<string, Measures>;

/** Of all cells whose keys have the same text. */
export function addTo(sums: Sums, key: string, { samples, packets, bytes }: Measures): void {
  const found = sums.get(key);
  if (!found) {
    sums.set(key, { samples, packets, bytes });
    return;
  }
  found.samples += samples;
  found.packets += packets;
  found.bytes += bytes;
}

export interface Truth {
  add(key: FlowKey, measures: Measures): void;
  /** Sums by another key; a cell may belong to several. */
  fold(keysOf: (key: FlowKey) => string[]): Sums;
  total(): Measures;
}

export function createTruth(): Truth {
  const cells = new Map<string, { key: FlowKey; measures: Measures }>();
  return {
    add(key, measures) {
      const text = Object.values(key).join(' ');
      const cell = cells.get(text);
      if (!cell) {
        cells.set(text, { key: { ...key }, measures: { ...measures } });
        return;
      }
      cell.measures.samples += measures.samples;
      cell.measures.packets += measures.packets;
      cell.measures.bytes += measures.bytes;
    },
    fold(keysOf) {
      const sums: Sums = new Map();
      for (const { key, measures } of cells.values()) for (const text of keysOf(key)) addTo(sums, text, measures);
      return sums;
    },
    total() {
      const sums: Sums = new Map([['', { samples: 0, packets: 0, bytes: 0 }]]);
      for (const { measures } of cells.values()) addTo(sums, '', measures);
      return sums.get('') as Measures;
    },
  };
}

export interface Difference {
  key: string;
  /** What is there too much of; negative: what is missing. */
  off: Measures;
}

/** Keys whose sums are not the same, the oldest first. */
export function compare(actual: Sums, truth: Sums): Difference[] {
  const none = { samples: 0, packets: 0, bytes: 0 };
  return [...new Set([...truth.keys(), ...actual.keys()])]
    .map((key) => {
      const [is, should] = [actual.get(key) ?? none, truth.get(key) ?? none];
      return {
        key,
        off: {
          samples: is.samples - should.samples,
          packets: is.packets - should.packets,
          bytes: is.bytes - should.bytes,
        },
      };
    })
    .filter(({ off }) => off.samples !== 0 || off.packets !== 0 || off.bytes !== 0)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}
