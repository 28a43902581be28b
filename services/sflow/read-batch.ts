// A batch of raw samples as the sessions take it: records that are used again for the next batch, in the order of their
// sequences.

import { forEachSample, openRawBatch, type RawHead, type SampleView } from '@tcxflow/common/raw-batch.ts';
import { sampleBatchCodec } from '@tcxflow/schemas/topics.ts';

export interface ReadBatch {
  head: RawHead;
  /** Where the samples' header bytes lie. */
  message: Buffer;
  /** The first `count` of them are of this batch. */
  samples: readonly SampleView[];
  count: number;
}

export type BatchReader = (message: Buffer | null) => ReadBatch;

/** @returns a reader whose result holds until it is called again; it throws {SchemaError} */
export function createBatchReader(): BatchReader {
  const samples: SampleView[] = [];
  const last: number[] = [];
  return (message) => {
    const current = sampleBatchCodec.current(message);
    const head = openRawBatch(current);
    let count = 0;
    let ordered = true;
    last.length = head.sources.length;
    last.fill(0);
    forEachSample(current, head, (sample) => {
      if (sample.sequence < (last[sample.source] ?? 0)) ordered = false;
      last[sample.source] = sample.sequence;
      const kept = samples[count++];
      if (kept) copySample(kept, sample);
      else samples.push({ ...sample });
    });
    // Two CPUs may hand in their samples in another order than they numbered them.
    const sorted = ordered ? samples : samples.slice(0, count).sort((a, b) => a.sequence - b.sequence);
    return { head, message: current, samples: sorted, count };
  };
}

function copySample(to: SampleView, from: SampleView): void {
  to.source = from.source;
  to.sequence = from.sequence;
  to.timeOffsetNs = from.timeOffsetNs;
  to.samplingRate = from.samplingRate;
  to.sampleCount = from.sampleCount;
  to.segments = from.segments;
  to.wireBytes = from.wireBytes;
  to.etherType = from.etherType;
  to.inputIfIndex = from.inputIfIndex;
  to.outputIfIndex = from.outputIfIndex;
  to.headerAt = from.headerAt;
  to.headerBytes = from.headerBytes;
}
