// Reads a DecodedBatch message: head and tail as objects, its samples as rows (flow-row.ts), without an object each.

import { SchemaError } from '@tcxflow/schemas/avro.ts';
import { type BinaryReader, readLong } from '@tcxflow/schemas/binary.ts';
import type { DecodedBatch } from '@tcxflow/schemas/generated.ts';
import { decodedBatchCodec } from '@tcxflow/schemas/topics.ts';
import { RAW_PARTITIONS_MAX } from './checkpoint.ts';
import { createRows, enlargeRows, ROW_WORDS, type Rows, TUNNEL_WORDS } from './flow-row.ts';
import { readSample } from './sample-reader.ts';

type Tables =
  | 'agentHostname'
  | 'agentRole'
  | 'agentSite'
  | 'agentRegion'
  | 'agentTenant'
  | 'networks'
  | 'autonomousSystems';
export type BatchTables = Pick<DecodedBatch, Tables>;
export type BatchHead = Omit<DecodedBatch, 'samples' | Tables>;

/** The samples of one message; used again for the next. */
export interface SampleRows {
  count: number;
  rows: Rows;
  /** By row: index into the head's sources. */
  sources: Int32Array;
  tunnelCount: number;
  tunnels: Int32Array;
  /** Newest event time, ms; -Infinity without samples. */
  newestMs: number;
}

const FIRST_SAMPLES = 512;

export function createSampleRows(): SampleRows {
  return {
    count: 0,
    rows: createRows(FIRST_SAMPLES * ROW_WORDS),
    sources: new Int32Array(FIRST_SAMPLES),
    tunnelCount: 0,
    tunnels: new Int32Array(TUNNEL_WORDS),
    newestMs: -Infinity,
  };
}

const { decodeHead, decodeTail } = decodedBatchCodec.split('samples');
const reader: BinaryReader = { bytes: Buffer.alloc(0), at: 0 };
const nothing = Buffer.alloc(0);

/** @returns the head, and where the samples begin @throws {SchemaError} */
export function openBatch(message: Buffer | null): { head: BatchHead; samplesAt: number } {
  const { value: head, offset } = decodeHead<BatchHead>(message);
  const { sourcePartition } = head;
  // Each has its place in the checkpoint.
  if (sourcePartition < 0 || sourcePartition >= RAW_PARTITIONS_MAX)
    throw new SchemaError('SCHEMA_BODY', `source partition ${sourcePartition} is not below ${RAW_PARTITIONS_MAX}`);
  return { head, samplesAt: offset };
}

/**
 * Reads the samples into `into`, and what comes after them.
 * @throws {SchemaError} the body does not fit; nothing of it may be used then
 */
export function readSamples(
  message: Buffer,
  { head, samplesAt }: { head: BatchHead; samplesAt: number },
  windowMs: number,
  into: SampleRows,
): BatchTables {
  into.count = 0;
  into.tunnelCount = 0;
  into.newestMs = -Infinity;
  const baseMs = Number(head.baseTimeNs / 1_000_000n);
  const baseRestNs = Number(head.baseTimeNs % 1_000_000n);
  reader.bytes = message;
  reader.at = samplesAt;
  try {
    for (let count = readLong(reader); count !== 0; count = readLong(reader)) {
      if (count < 0) {
        count = -count;
        readLong(reader); // bytes of the block
      }
      for (; count > 0; count--) {
        reserve(into);
        readSample(reader, into, baseMs, baseRestNs, windowMs);
        // A count of more than the message holds ends here.
        if (!(reader.at <= message.length)) throw bodyError('a sample is cut short');
        into.count++;
      }
    }
    return decodeTail<BatchTables>(message, reader.at);
  } finally {
    reader.bytes = nothing;
  }
}

function bodyError(what: string): SchemaError {
  return new SchemaError('SCHEMA_BODY', `body does not fit ${decodedBatchCodec.name}: ${what}`);
}

/** Room for a sample and its tunnel. It grows with what was read, not with what a message claims to hold. */
function reserve(into: SampleRows): void {
  if (into.count === into.sources.length) {
    into.rows = enlargeRows(into.rows, into.count * 2 * ROW_WORDS);
    into.sources = enlargeInts(into.sources);
  }
  if (into.tunnelCount * TUNNEL_WORDS === into.tunnels.length) into.tunnels = enlargeInts(into.tunnels);
}

function enlargeInts(ints: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(ints.length * 2);
  larger.set(ints);
  return larger;
}
