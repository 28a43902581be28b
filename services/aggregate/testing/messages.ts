// Messages of decoded samples for benchmarks. Always the same bytes.

import { decodedBatchCodec } from '@tcxflow/schemas/topics.ts';
import { batch, sample } from './batches.ts';

export const MESSAGE_SAMPLES = 512;
/** 2026-01-01T00:00:00Z: windows close by the wall clock at the latest, so not in the future. */
export const START_MS = 1_767_225_600_000;

/** @param keys by sample */
export function decodedMessage(keys: readonly number[], sourceOffset: number, startMs = START_MS): Buffer {
  const samples = keys.map((key, index) => {
    const address = Buffer.from('00000000000000000000ffff0a000000', 'hex');
    address.writeUInt32BE((0x0a00_0000 + (key >>> 4)) >>> 0, 12);
    return sample({
      sequence: sourceOffset * keys.length + index,
      timeOffsetNs: index * 1_000,
      samplingRate: 1000,
      wireBytes: 1400,
      ipBytes: 1386,
      outputIfIndex: 3,
      layers: 0b1_0000_0000_1001,
      fields: 0b111_1000,
      tcpWindow: 501,
      srcAddress: address,
      srcPort: 40_000 + (key & 15),
    });
  });
  return decodedBatchCodec.encode(
    batch(samples, { agent: 'bench', sourceOffset, baseTimeNs: BigInt(startMs) * 1_000_000n }),
  );
}
