// Reads a SampleBatch message: its head as an object, its samples one after the other into a record that is used again.

import { SchemaError } from '@tcxflow/schemas/avro.ts';
import { type BinaryReader, readLong } from '@tcxflow/schemas/binary.ts';
import type { RawSample, SampleBatch } from '@tcxflow/schemas/generated.ts';
import { sampleBatchCodec } from '@tcxflow/schemas/topics.ts';

export type RawHead = Omit<SampleBatch, 'samples'>;

/** A sample's header bytes are where they were: in the message. */
export type SampleView = Omit<RawSample, 'header'> & { headerAt: number; headerBytes: number };

export interface RawBatch extends RawHead {
  /** Of the message, as the first block of its array says. */
  samplesAt: number;
}

const { decodeHead } = sampleBatchCodec.split('samples');

const reader: BinaryReader = { bytes: Buffer.alloc(0), at: 0 };
const sample: SampleView = {
  source: 0,
  sequence: 0,
  timeOffsetNs: 0,
  samplingRate: 0,
  sampleCount: 0,
  segments: 0,
  wireBytes: 0,
  etherType: 0,
  inputIfIndex: 0,
  outputIfIndex: 0,
  headerAt: 0,
  headerBytes: 0,
};

/** @throws {SchemaError} */
export function openRawBatch(message: Buffer | null): RawBatch {
  const { value, offset } = decodeHead<RawHead>(message);
  return { ...value, samplesAt: offset };
}

/**
 * Calls back with each sample; the record is the same each time.
 * @throws {SchemaError} the message ends too early or too late; the samples before that were handed over
 */
export function forEachSample(message: Buffer, batch: RawBatch, visit: (sample: SampleView) => void): void {
  reader.bytes = message;
  reader.at = batch.samplesAt;
  const sources = batch.sources.length;
  for (let count = readLong(reader); count !== 0; count = readLong(reader)) {
    if (count < 0) {
      count = -count;
      readLong(reader); // bytes of the block
    }
    for (; count > 0; count--) {
      readSample();
      if (reader.at > message.length) throw bodyError('a sample is cut short');
      if (sample.source < 0 || sample.source >= sources)
        throw bodyError(`a sample refers to source ${sample.source} of ${sources}`);
      visit(sample);
    }
  }
  if (reader.at !== message.length) throw bodyError(`it ends at ${reader.at} of ${message.length}`);
  reader.bytes = nothing;
}

const nothing = Buffer.alloc(0);

function bodyError(what: string): SchemaError {
  reader.bytes = nothing;
  return new SchemaError('SCHEMA_BODY', `body does not fit ${sampleBatchCodec.name}: ${what}`);
}

/** In the order of schemas/sample-batch.v1.avsc. */
function readSample(): void {
  sample.source = readLong(reader);
  sample.sequence = readLong(reader);
  sample.timeOffsetNs = readLong(reader);
  sample.samplingRate = readLong(reader);
  sample.sampleCount = readLong(reader);
  sample.segments = readLong(reader);
  sample.wireBytes = readLong(reader);
  sample.etherType = readLong(reader);
  sample.inputIfIndex = readLong(reader);
  sample.outputIfIndex = readLong(reader);
  const bytes = readLong(reader);
  sample.headerAt = reader.at;
  sample.headerBytes = bytes;
  // A negative or enormous length ends behind the message, which is looked at.
  reader.at = bytes < 0 ? Number.MAX_SAFE_INTEGER : reader.at + bytes;
}
