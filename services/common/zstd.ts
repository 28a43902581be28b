// One zstd context for all that a process sends: making one for each request costs as much as compressing does.

import { promisify } from 'node:util';
import { constants, createZstdCompress, type ZstdCompress, zstdDecompress } from 'node:zlib';

export interface ZstdCompressor {
  /** @returns one zstd frame (RFC 8878) of the parts in order */
  compress(parts: readonly Buffer[]): Promise<Buffer>;
}

/** Output comes in pieces of this, each a trip to the thread pool. */
const PIECE_BYTES = 128 << 10;

export function createZstdCompressor(level: number): ZstdCompressor {
  let stream: ZstdCompress | undefined;
  let last: Promise<unknown> = Promise.resolve();

  function compressNow(parts: readonly Buffer[]): Promise<Buffer> {
    stream ??= createZstdCompress({
      chunkSize: PIECE_BYTES,
      // What is written ends its frame, what is written after it starts another one: one trip to the thread pool for each, and
      // zstd knows the size beforehand, which makes small frames cheap.
      flush: constants.ZSTD_e_end,
      params: { [constants.ZSTD_c_compressionLevel]: level },
    });
    const current = stream;
    const pieces: Buffer[] = [];
    return new Promise((resolve, reject) => {
      const collect = (piece: Buffer) => pieces.push(piece);
      const fail = (error: Error) => {
        stream = undefined;
        reject(error);
      };
      current.on('data', collect);
      current.once('error', fail);
      // In one piece: a trip to the thread pool costs more than a copy.
      current.write(parts.length === 1 ? parts[0] : Buffer.concat(parts), (error) => {
        if (error) return;
        current.off('data', collect);
        current.off('error', fail);
        resolve(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces));
      });
    });
  }

  return {
    compress(parts) {
      const result = last.then(() => compressNow(parts));
      last = result.catch(() => undefined);
      return result;
    },
  };
}

const decompress = promisify(zstdDecompress);
const OUTPUT_BYTES_MIN = 16 << 10;
const OUTPUT_BYTES_MAX = 64 << 20;
/** A little more than the frame before took for each byte. */
const ROOM = 1.25;

/**
 * What does not fit into the first buffer is put together from several: guessed well, a frame is one buffer and one trip to the
 * thread pool. @returns what a zstd frame holds
 */
export function createZstdDecompressor(): (frame: Buffer) => Promise<Buffer> {
  let ratio = 4;
  return async (frame) => {
    const guess = Math.ceil(frame.length * ratio * ROOM);
    const chunkSize = Math.min(OUTPUT_BYTES_MAX, Math.max(OUTPUT_BYTES_MIN, guess));
    const whole = await decompress(frame, { chunkSize });
    ratio = Math.min(100, whole.length / frame.length);
    return whole;
  };
}
