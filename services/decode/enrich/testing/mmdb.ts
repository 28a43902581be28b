// Writes small MaxMind DB files for tests, after the specification (MaxMind DB File Format, version 2.0): a binary search
// tree, 16 zero bytes, the data section, a marker and the metadata. They are read by mmdb-lib, which is
// not ours; libmaxminddb reads them too.

import { parseAddress } from '@tcxflow/packet/address.ts';

export type MmdbValue = string | number | MmdbValue[] | { [key: string]: MmdbValue };

export interface MmdbOptions {
  type?: string;
  ipVersion?: 4 | 6;
  recordSize?: 24 | 28 | 32;
  builtSeconds?: number;
  /** Overrides of what the metadata says, for files that lie. */
  metadata?: { [key: string]: MmdbValue };
}

const UINT16 = 5;
const UINT32 = 6;
const UINT64 = 9;

type Node = [Child, Child];
type Child = Node | number | undefined;

/** @param records prefix → record; longer prefixes come after the shorter ones that they lie in */
export function makeMmdb(records: Record<string, MmdbValue>, options: MmdbOptions = {}): Buffer {
  const { type = 'Test', ipVersion = 6, recordSize = 28, builtSeconds = 1_780_000_000 } = options;
  const data: Buffer[] = [];
  let dataBytes = 0;
  const root: Node = [undefined, undefined];
  for (const [prefix, record] of Object.entries(records)) {
    insert(root, bitsOf(prefix, ipVersion), dataBytes);
    const encoded = encode(record);
    data.push(encoded);
    dataBytes += encoded.length;
  }
  const nodes: Node[] = [];
  const number = (node: Node): void => {
    nodes.push(node);
    for (const child of node) if (Array.isArray(child)) number(child);
  };
  number(root);
  const numbers = new Map(nodes.map((node, index) => [node, index]));
  const pointer = (child: Child): number => {
    if (child === undefined) return nodes.length;
    return Array.isArray(child) ? (numbers.get(child) as number) : nodes.length + 16 + child;
  };
  const metadata = {
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: builtSeconds,
    database_type: type,
    description: { en: 'made by a test' },
    ip_version: ipVersion,
    languages: ['en'],
    node_count: nodes.length,
    record_size: recordSize,
    ...options.metadata,
  };
  return Buffer.concat([
    ...nodes.map(([left, right]) => encodeNode(pointer(left), pointer(right), recordSize)),
    Buffer.alloc(16),
    ...data,
    Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'),
    encode(metadata),
  ]);
}

function bitsOf(prefix: string, ipVersion: 4 | 6): number[] {
  const [text = '', length = ''] = prefix.split('/');
  const address = parseAddress(text);
  if (!address) throw new Error(prefix);
  // IPv4 addresses lie under ::/96 there, not under ::ffff:0:0/96.
  const bytes = text.includes(':') ? address : Buffer.concat([Buffer.alloc(12), address.subarray(12)]);
  const bits = [...bytes].flatMap((byte) => Array.from({ length: 8 }, (_, bit) => (byte >> (7 - bit)) & 1));
  if (ipVersion === 4) return bits.slice(96, 96 + Number(length));
  return bits.slice(0, text.includes(':') ? Number(length) : 96 + Number(length));
}

/** A record that covers more is pushed down to where it is cut. */
function insert(root: Node, bits: number[], dataAt: number): void {
  let node = root;
  for (const bit of bits.slice(0, -1)) {
    const child = node[bit as 0 | 1];
    const next: Node = Array.isArray(child) ? child : [child, child];
    node[bit as 0 | 1] = next;
    node = next;
  }
  node[bits.at(-1) as 0 | 1] = dataAt;
}

function encodeNode(left: number, right: number, recordSize: 24 | 28 | 32): Buffer {
  const node = Buffer.alloc(recordSize / 4);
  if (recordSize === 32) {
    node.writeUInt32BE(left, 0);
    node.writeUInt32BE(right, 4);
  } else {
    node.writeUIntBE(left & 0xffffff, 0, 3);
    node.writeUIntBE(right & 0xffffff, recordSize === 28 ? 4 : 3, 3);
    if (recordSize === 28) node[3] = ((left >> 24) << 4) | (right >> 24);
  }
  return node;
}

/** Types that the specification asks for in the metadata; every other number is a uint32. */
const metadataTypes: Record<string, number> = {
  binary_format_major_version: UINT16,
  binary_format_minor_version: UINT16,
  ip_version: UINT16,
  record_size: UINT16,
  build_epoch: UINT64,
};

function encode(value: MmdbValue, numberType = UINT32): Buffer {
  if (typeof value === 'string') return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Array.isArray(value)) return Buffer.concat([control(11, value.length), ...value.map((item) => encode(item))]);
  if (typeof value === 'object')
    return Buffer.concat([
      control(7, Object.keys(value).length),
      ...Object.entries(value).flatMap(([key, inner]) => [encode(key), encode(inner, metadataTypes[key])]),
    ]);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  const size = { [UINT16]: 2, [UINT32]: 4, [UINT64]: 8 }[numberType] ?? 8;
  return Buffer.concat([control(numberType, size), bytes.subarray(8 - size)]);
}

function control(type: number, size: number): Buffer {
  const [bits, more] =
    size < 29 ? [size, []] : size < 285 ? [29, [size - 29]] : [30, [(size - 285) >> 8, (size - 285) & 0xff]];
  return type < 8 ? Buffer.from([(type << 5) | bits, ...more]) : Buffer.from([bits, type - 7, ...more]);
}
