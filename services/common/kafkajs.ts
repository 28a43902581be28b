// kafkajs as this project uses it: zstd from node:zlib added, an encoder that does not copy, and no looking for what is not there.

import { createRequire } from 'node:module';
import { type Encoder, partsOf, patchEncoder } from './kafkajs-encoder.ts';
import { replaceRecordEncoding } from './kafkajs-record.ts';
import { createZstdCompressor, createZstdDecompressor } from './zstd.ts';

const require = createRequire(import.meta.url);
patchEncoder();
replaceRecordEncoding();
const kafkajs = require('kafkajs') as typeof import('kafkajs');

/** The fastest: checksums and sockets cost by the byte, so that compressing a little saves more than it costs. */
const compressor = createZstdCompressor(1);
kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
  compress: (encoder: Encoder) => compressor.compress(partsOf(encoder)),
  decompress: createZstdDecompressor(),
});

// kafkajs 2.2.4 looks once a millisecond, at each connection and for ever, whether a request waits that it may send now; and
// computes a negative delay for it, which Node warns of. Whatever makes a request wait looks by itself: when none does, nobody
// need look. An idle receiver takes 0.4 % of a processor so, where it took 2.
interface RequestQueue {
  pending: unknown[];
  scheduleCheckPendingRequests(): void;
}
const { prototype } = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
const schedule = prototype.scheduleCheckPendingRequests;
prototype.scheduleCheckPendingRequests = function () {
  if (this.pending.length > 0) schedule.call(this);
};

export default kafkajs;
