// discarded_packet (sFlow Discarded Packet Notification Structures): a packet that was dropped, and why. It has no
// compact form and no rate; `drops` counts the notifications that were lost.
//
//   tag 5, length
//   sequence, ds_class 2, ds_index 1, drops, input, output, reason, record count     8 × u32
//   [ tag 1042, length: the kernel's name ]
//   [ tag 1043, length 8: time ]
//   [ tag 1, length: sampled_header ]

import { DATA_SOURCE_PHYSICAL_ENTITY, DISCARDED_PACKET, HOST_INDEX, LINUX_DROP_REASON } from './constants.ts';
import { discardReasonOf } from './discard-reasons.ts';
import { type HeaderProtocol, writeSampledHeader, writeTimestamp } from './flow-sample.ts';
import { closeLength, openLength, padded, type Sink, writeString, writeU32 } from './xdr-sink.ts';

export interface DiscardSample {
  /** From 1 per data source. */
  sequence: number;
  /** Notifications lost, cumulative; wraps to 32 bits on the wire. */
  drops: number;
  /** ifIndex; 0 = unknown. */
  input: number;
  output: number;
  /** As the kernel calls it, without SKB_DROP_REASON_. */
  reason: string;
  /** null: no header bytes are known, or sFlow has no number for what they start with. */
  headerProtocol: HeaderProtocol | null;
  wireBytes: number;
  header: Buffer;
  headerOffset: number;
  headerLength: number;
  /** Since 1970, UTC. */
  timestampNs?: bigint | null;
}

const MAX_REASON_BYTES = 64;

/** The largest sample with header bytes up to the cap. */
export function maxDiscardSampleBytes(maxHeaderBytes: number): number {
  return 8 + 32 + (8 + 4 + padded(MAX_REASON_BYTES)) + (8 + 8) + (8 + 16 + padded(maxHeaderBytes));
}

/** Look at `sink.overflow` afterwards. */
export function writeDiscardSample(sink: Sink, sample: DiscardSample, maxHeaderBytes: number): void {
  const { headerProtocol, timestampNs } = sample;
  const hasTime = typeof timestampNs === 'bigint';
  writeU32(sink, DISCARDED_PACKET);
  const length = openLength(sink);
  writeU32(sink, sample.sequence);
  writeU32(sink, DATA_SOURCE_PHYSICAL_ENTITY);
  writeU32(sink, HOST_INDEX);
  writeU32(sink, sample.drops);
  writeU32(sink, sample.input);
  writeU32(sink, sample.output);
  writeU32(sink, discardReasonOf(sample.reason));
  writeU32(sink, 1 + (hasTime ? 1 : 0) + (headerProtocol === null ? 0 : 1));
  writeU32(sink, LINUX_DROP_REASON);
  const reason = openLength(sink);
  writeString(sink, sample.reason, MAX_REASON_BYTES);
  closeLength(sink, reason);
  if (hasTime) writeTimestamp(sink, timestampNs);
  if (headerProtocol !== null) writeSampledHeader(sink, { ...sample, headerProtocol }, maxHeaderBytes);
  closeLength(sink, length);
}
