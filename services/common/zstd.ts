// One zstd context for all that a process sends: making one for each request costs as much as compressing does.

import { constants, createZstdCompress, type ZstdCompress } from 'node:zlib';

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
    stream ??= createZstdCompress({ chunkSize: PIECE_BYTES, params: { [constants.ZSTD_c_compressionLevel]: level } });
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
      for (const part of parts) if (part.length > 0) current.write(part);
      // Ends the frame; what is written after it starts another one.
      current.flush(constants.ZSTD_e_end, () => {
        current.off('data', collect);
        current.off('error', fail);
        resolve(Buffer.concat(pieces));
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
