// kafkajs as this project uses it: zstd from node:zlib added, an encoder that does not copy, and one harmless warning held back.

import kafkajs from 'kafkajs';
import { type Encoder, partsOf, patchEncoder } from './kafkajs-encoder.ts';
import { createZstdCompressor, createZstdDecompressor } from './zstd.ts';

patchEncoder();

/** The fastest: checksums and sockets cost by the byte, so that compressing a little saves more than it costs. */
const compressor = createZstdCompressor(1);
kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
  compress: (encoder: Encoder) => compressor.compress(partsOf(encoder)),
  decompress: createZstdDecompressor(),
});

// kafkajs 2.2.4 computes a negative delay for its request queue; Node answers with this warning. No other is held back.
const emitWarning = process.emitWarning.bind(process);
process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
  const name = warning instanceof Error ? warning.name : typeof rest[0] === 'string' ? rest[0] : undefined;
  if (name === 'TimeoutNegativeWarning') return;
  (emitWarning as (...args: unknown[]) => void)(warning, ...rest);
}) as typeof process.emitWarning;

export default kafkajs;
