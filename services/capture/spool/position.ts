// How far the oldest segment has been dealt with. Written over in place: that works on a full disk, where a new file would
// not, and a process that is killed leaves either the old or the new bytes. A position that can't be read means that one
// segment is delivered again.

import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Logger } from '@tcxflow/common/logger.ts';
import { writeFully } from './record.ts';

export interface Position {
  /** Those with a lower number are done. */
  segment: number;
  /** What lies before it in that segment is done; how much that was. */
  offset: number;
  records: number;
  samples: number;
}

export interface PositionFile {
  readonly stored: Position;
  write(position: Position): void;
  close(): void;
}

const BYTES = 32;
const MAGIC = 0x5458_5031; // "TXP1"
export const NOTHING_DONE: Position = { segment: 0, offset: 0, records: 0, samples: 0 };

export function openPosition(folder: string, log: Logger): PositionFile {
  const fd = openSync(join(folder, 'position'), constants.O_RDWR | constants.O_CREAT, 0o600);
  const write = (position: Position) => writeFully(fd, encode(position), 0);
  let stored: Position = NOTHING_DONE;
  try {
    const bytes = Buffer.alloc(BYTES);
    const found = readSync(fd, bytes, 0, BYTES, 0) > 0 ? decode(bytes) : NOTHING_DONE;
    if (!found) log.warn({ folder }, 'spool: the position is damaged; the oldest segment is delivered again');
    stored = found ?? NOTHING_DONE;
    write(stored); // takes its place on the disk while there is any
  } catch (error) {
    log.warn({ folder, err: error }, 'spool: the position cannot be kept; the oldest segment may be delivered again');
  }
  return { stored, write, close: () => closeSync(fd) };
}

function encode(position: Position): Buffer {
  const bytes = Buffer.alloc(BYTES);
  bytes.writeUInt32BE(MAGIC, 0);
  bytes.writeBigUInt64BE(BigInt(position.segment), 4);
  bytes.writeUInt32BE(position.offset, 12);
  bytes.writeUInt32BE(position.records, 16);
  bytes.writeBigUInt64BE(BigInt(position.samples), 20);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 28)), 28);
  return bytes;
}

function decode(bytes: Buffer): Position | undefined {
  if (bytes.readUInt32BE(0) !== MAGIC || bytes.readUInt32BE(28) !== crc32(bytes.subarray(0, 28))) return undefined;
  return {
    segment: Number(bytes.readBigUInt64BE(4)),
    offset: bytes.readUInt32BE(12),
    records: bytes.readUInt32BE(16),
    samples: Number(bytes.readBigUInt64BE(20)),
  };
}
