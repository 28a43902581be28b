// kafkajs as this project uses it: zstd from node:zlib added, and one harmless warning held back.

import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import kafkajs from 'kafkajs';

const compress = promisify(zstdCompress);
/** The fastest: checksums and sockets cost by the byte, so that compressing a little saves more than it costs. */
const fastest = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const decompress = promisify(zstdDecompress);
kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
  compress: (encoder: { buffer: Buffer }) => compress(encoder.buffer, fastest),
  decompress: (buffer: Buffer) => decompress(buffer),
});

// kafkajs 2.2.4 computes a negative delay for its request queue; Node answers with this warning. No other is held back.
const emitWarning = process.emitWarning.bind(process);
process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
  const name = warning instanceof Error ? warning.name : typeof rest[0] === 'string' ? rest[0] : undefined;
  if (name === 'TimeoutNegativeWarning') return;
  (emitWarning as (...args: unknown[]) => void)(warning, ...rest);
}) as typeof process.emitWarning;

export default kafkajs;
