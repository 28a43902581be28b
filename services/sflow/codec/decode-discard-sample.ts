// Body of discarded_packet (sFlow Discarded Packet Notification Structures): its records are flow records.

import { decodeFlowRecord, type FlowRecord } from './decode-flow-sample.ts';
import { decodeRecords } from './decode-records.ts';
import { type Cursor, readU32 } from './xdr-cursor.ts';

export interface DecodedDiscardSample {
  kind: 'discard';
  sequence: number;
  sourceClass: number;
  sourceIndex: number;
  /** Notifications lost, cumulative. */
  drops: number;
  /** ifIndex; 0 = unknown. */
  input: number;
  output: number;
  /** Code of enum drop_reason; discard-reasons.ts has names. */
  reason: number;
  records: FlowRecord[];
}

/** Null: broken at the cursor's offset. */
export function decodeDiscardSample(cursor: Cursor): DecodedDiscardSample | null {
  // Properties are evaluated in the order they stand in, which is the order on the wire.
  const sample = {
    kind: 'discard' as const,
    sequence: readU32(cursor),
    sourceClass: readU32(cursor),
    sourceIndex: readU32(cursor),
    drops: readU32(cursor),
    input: readU32(cursor),
    output: readU32(cursor),
    reason: readU32(cursor),
  };
  const records = decodeRecords(cursor, decodeFlowRecord);
  return records === null ? null : { ...sample, records };
}
