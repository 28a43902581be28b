// Sinks that are filled, become messages, and come back when Kafka has those. Batches are 100 kB each and hundreds a second at
// full rate: made anew, their memory outside of V8's heap would call for a collection of all of that heap every few hundred
// batches, which cost more than all else that is done to the samples. Who does not give back loses nothing but that.

import { createSampleSink, type SampleSink } from './sample-encoder.ts';

export interface SinkPool {
  /** Empty, with room for what comes before the samples. */
  take(): SampleSink;
  /** Nobody reads it any more. */
  give(sink: SampleSink): void;
}

/** What is under way to Kafka at some 300,000 samples a second, when it answers at once. */
const KEPT_MAX = 32;

export function createSinkPool(sinkBytes: number, keptMax = KEPT_MAX): SinkPool {
  const free: SampleSink[] = [];
  return {
    take: () => free.pop() ?? createSampleSink(sinkBytes),
    give(sink) {
      if (free.length >= keptMax) return;
      sink.length = 0;
      free.push(sink);
    },
  };
}
