// Packets of a capture file, pcap or pcapng, gzip or not, one after the other however large the file is.
// https://ietf-opsawg-wg.github.io/draft-ietf-opsawg-pcap/

import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { TcxflowError } from '@tcxflow/common/errors.ts';

export interface CapturedPacket {
  /** From 1, over all sections of the file. */
  number: number;
  /** LINKTYPE_… */
  linkType: number;
  /** Since 1970; 0n where the file has no time. */
  timeNs: bigint;
  /** Captured bytes. */
  data: Buffer;
  wireBytes: number;
}

/** No packet and no block is longer: a length beyond it is a broken file. */
const BLOCK_BYTES_MAX = 64 << 20;
const GZIP = 0x1f8b;
const PCAPNG_SECTION = 0x0a0d0d0a;
const BYTE_ORDER = 0x1a2b3c4d;
const MICROSECONDS = 0xa1b2c3d4;
const NANOSECONDS = 0xa1b23c4d;

/** @throws {TcxflowError} CAPTURE_FILE: not such a file, or broken from some packet on; those before it were given */
export async function* readCaptureFile(path: string): AsyncGenerator<CapturedPacket> {
  const source = await openSource(path);
  try {
    const start = await source.peek(4);
    if (start.length < 4) throw broken(path, 'it is shorter than any capture');
    if (start.readUInt32LE(0) === PCAPNG_SECTION) yield* readPcapng(source, path);
    else yield* readPcap(source, path);
  } finally {
    source.close();
  }
}

function broken(path: string, why: string, cause?: unknown): TcxflowError {
  return new TcxflowError('CAPTURE_FILE', `${path}: ${why}`, { cause, hint: 'pcap and pcapng are read, gzip too' });
}

interface Source {
  /** The next bytes, fewer at the end; they stay. */
  peek(bytes: number): Promise<Buffer>;
  /** The same, and they are gone. */
  take(bytes: number): Promise<Buffer>;
  close(): void;
}

async function openSource(path: string): Promise<Source> {
  const file = createReadStream(path);
  const magic = await firstBytes(file, path);
  const stream = magic === GZIP ? pipeline(file, createGunzip(), () => undefined) : file;
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let held: Buffer = Buffer.alloc(0);

  async function peek(bytes: number): Promise<Buffer> {
    const parts: Buffer[] = [held];
    let length = held.length;
    while (length < bytes) {
      const next = await chunks.next().catch((cause: Error) => {
        throw broken(path, cause.message, cause);
      });
      if (next.done) break;
      parts.push(next.value);
      length += next.value.length;
    }
    if (parts.length > 1) held = Buffer.concat(parts);
    return held.subarray(0, bytes);
  }
  return {
    peek,
    async take(bytes) {
      const taken = await peek(bytes);
      held = held.subarray(taken.length);
      return taken;
    },
    close: () => void file.destroy(),
  };
}

/** @returns the first two, which are put back; -1 when there are none */
async function firstBytes(file: ReturnType<typeof createReadStream>, path: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    file.once('readable', resolve);
    file.once('end', resolve);
    file.once('error', (cause) => reject(broken(path, cause.message, cause)));
  });
  const chunk = file.read() as Buffer | null;
  if (!chunk) return -1;
  file.unshift(chunk);
  return chunk.length < 2 ? -1 : chunk.readUInt16BE(0);
}

// File header, 24 bytes: magic number (4), version (4), reserved (8), snap length (4), link type (4; its upper bits are
// about the FCS). Before each packet 16 bytes: seconds (4), fraction (4), captured length (4), wire length (4).
async function* readPcap(source: Source, path: string): AsyncGenerator<CapturedPacket> {
  const header = await source.take(24);
  if (header.length < 24) throw broken(path, 'it ends in its header');
  const isMagic = (value: number) => value === MICROSECONDS || value === NANOSECONDS;
  const little = isMagic(header.readUInt32LE(0));
  if (!little && !isMagic(header.readUInt32BE(0)))
    throw broken(path, `it starts with ${header.toString('hex', 0, 4)}, as no capture does`);
  const uint32 = (bytes: Buffer, at: number) => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const unitNs = uint32(header, 0) === NANOSECONDS ? 1n : 1000n;
  const linkType = uint32(header, 20) & 0xffff;
  for (let number = 1; ; number++) {
    const before = await source.take(16);
    if (before.length === 0) return;
    const captured = before.length < 16 ? -1 : uint32(before, 8);
    if (captured < 0 || captured > BLOCK_BYTES_MAX) throw broken(path, `packet ${number} has no valid length`);
    const data = await source.take(captured);
    if (data.length < captured) throw broken(path, `it ends in packet ${number}`);
    const timeNs = BigInt(uint32(before, 0)) * 1_000_000_000n + BigInt(uint32(before, 4)) * unitNs;
    yield { number, linkType, timeNs, data, wireBytes: uint32(before, 12) };
  }
}

const INTERFACE = 1;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const IF_TSRESOL = 9;

interface CapturedInterface {
  linkType: number;
  snapBytes: number;
  unitsPerSecond: bigint;
}

// Blocks: type (4), total length (4), body, total length again (4); padded to 4 bytes. A section has its own byte order.
async function* readPcapng(source: Source, path: string): AsyncGenerator<CapturedPacket> {
  let little = true;
  let interfaces: CapturedInterface[] = [];
  const uint16 = (bytes: Buffer, at: number) => (little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const uint32 = (bytes: Buffer, at: number) => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  let number = 0;
  for (;;) {
    const head = await source.peek(12);
    if (head.length === 0) return;
    if (head.length < 12) throw broken(path, `it ends behind packet ${number}`);
    if (head.readUInt32LE(0) === PCAPNG_SECTION) {
      little = head.readUInt32LE(8) === BYTE_ORDER;
      interfaces = [];
    }
    const type = uint32(head, 0);
    const length = uint32(head, 4);
    if (length < 12 || length > BLOCK_BYTES_MAX)
      throw broken(path, `a block behind packet ${number} has no valid length`);
    const block = await source.take(length);
    if (block.length < length) throw broken(path, `it ends in a block behind packet ${number}`);
    const body = block.subarray(8, length - 4);
    if (type === INTERFACE && body.length >= 8)
      interfaces.push({
        linkType: uint16(body, 0),
        snapBytes: uint32(body, 4),
        unitsPerSecond: timeUnits(body.subarray(8), uint16),
      });
    else if (type === ENHANCED_PACKET && body.length >= 20) {
      const from = interfaces[uint32(body, 0)];
      if (!from) throw broken(path, `packet ${number + 1} is of an interface that is not described`);
      const time = (BigInt(uint32(body, 4)) << 32n) | BigInt(uint32(body, 8));
      const timeNs = (time * 1_000_000_000n) / from.unitsPerSecond;
      const data = body.subarray(20, 20 + uint32(body, 12));
      yield { number: ++number, linkType: from.linkType, timeNs, data, wireBytes: uint32(body, 16) };
    } else if (type === SIMPLE_PACKET && body.length >= 4) {
      const from = interfaces[0];
      if (!from) throw broken(path, `packet ${number + 1} is of an interface that is not described`);
      const wireBytes = uint32(body, 0);
      const captured = Math.min(wireBytes, from.snapBytes || wireBytes);
      yield { number: ++number, linkType: from.linkType, timeNs: 0n, data: body.subarray(4, 4 + captured), wireBytes };
    }
  }
}

/** Options: code (2), length (2), value, padded to 4 bytes. @returns of if_tsresol; 10^6 without it */
function timeUnits(options: Buffer, uint16: (bytes: Buffer, at: number) => number): bigint {
  for (let at = 0; at + 4 <= options.length; ) {
    const code = uint16(options, at);
    const length = uint16(options, at + 2);
    if (code === IF_TSRESOL && length === 1 && at + 4 < options.length) {
      const value = options[at + 4] as number;
      return value & 0x80 ? 2n ** BigInt(value & 0x7f) : 10n ** BigInt(Math.min(value, 18));
    }
    at += 4 + ((length + 3) & ~3);
  }
  return 1_000_000n;
}
