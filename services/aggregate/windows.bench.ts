// Decoded batches from Avro into windows, and the windows' flows to Avro. On one core.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { seededRandom } from '@tcxflow/common/testing/random.ts';
import { type Measurement, measureRate, summarize } from '../../test/bench/measure.ts';
import { createFlowSink, writeFlow } from './flow-writer.ts';
import { type KeySet, makeKeySet } from './key-set.ts';
import { decodedMessage, MESSAGE_SAMPLES } from './testing/messages.ts';
import { addBatch, createWindowSet, type Window, type WindowSet } from './windows.ts';

const WINDOW_MS = 60_000;
const MILLION = 1_000_000;
/** A million samples. */
const MESSAGES = 1954;
const RUNS = 3;
const SINK_BYTES = 1 << 20;

function messagesOf(keyOf: (sample: number) => number): Buffer[] {
  return Array.from({ length: MESSAGES }, (_, message) =>
    decodedMessage(
      Array.from({ length: MESSAGE_SAMPLES }, (_, index) => keyOf(message * MESSAGE_SAMPLES + index)),
      message,
    ),
  );
}

/** Each key in its turn. */
const inTurn = (keys: number) => messagesOf((sample) => sample % keys);

/** In no order that a processor's cache could foresee. */
function atRandom(keys: number): Buffer[] {
  const random = seededRandom(1);
  return messagesOf(() => random.below(keys));
}

function addAll(set: WindowSet, messages: readonly Buffer[]): void {
  set.highWater.clear(); // The same messages again are taken for new ones.
  for (const [offset, message] of messages.entries()) addBatch(set, message, offset, WINDOW_MS, () => true);
}

/** Samples of open flows: what a worker does between the start of a window and its end. */
function samplesPerSecond(keys: number, keySets: readonly KeySet[] = []): () => Measurement {
  return () => {
    const set = createWindowSet(new Map(), keySets);
    addAll(set, inTurn(keys));
    const messages = atRandom(keys);
    let next = 0;
    return measureRate(
      () => {
        if (next === messages.length) next = 0;
        if (next === 0) set.highWater.clear();
        addBatch(set, messages[next] as Buffer, next++, WINDOW_MS, () => true);
      },
      MESSAGE_SAMPLES,
      'samples/s',
    );
  };
}

function flowsPerSecond(withId: boolean): Measurement {
  const set = createWindowSet();
  addAll(set, inTurn(100_000));
  const window = onlyWindow(set);
  const sink = createFlowSink(SINK_BYTES);
  return measureRate(
    () => {
      sink.length = 0;
      for (let row = 0; row < 2000; row++) writeFlow(sink, window, row, withId);
    },
    2000,
    'flows/s',
  );
}

function onlyWindow(set: WindowSet): Window {
  return set.windows.values().next().value as Window;
}

/** What only garbage collection would free left out. */
function memoryInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage(); // external has the array buffers
  return heapUsed + external;
}

const byTuple = makeKeySet({
  name: 'tuple',
  windowMs: WINDOW_MS,
  key: ['srcAddress', 'dstAddress', 'protocol', 'srcPort', 'dstPort'],
  prefixV4: 32,
  prefixV6: 128,
});
const byPrefix = makeKeySet({
  name: 'prefix',
  windowMs: 10_000,
  key: ['srcAddress', 'dstAddress', 'srcAs', 'dstAs'],
  prefixV4: 24,
  prefixV6: 48,
});

export const benchmarks: Record<string, () => Measurement> = {
  'aggregate.samples_per_s_10k': samplesPerSecond(10_000),
  'aggregate.samples_per_s_100k': samplesPerSecond(100_000),
  'aggregate.samples_per_s_1m': samplesPerSecond(MILLION),
  'aggregate.samples_with_prefixes_per_s_100k': samplesPerSecond(100_000, [byPrefix]),
  'aggregate.samples_with_tuples_and_prefixes_per_s_100k': samplesPerSecond(100_000, [byTuple, byPrefix]),
  'aggregate.new_flows_per_s'() {
    const messages = inTurn(MILLION);
    return measureRate(() => addAll(createWindowSet(), messages), MESSAGES * MESSAGE_SAMPLES, 'flows/s');
  },
  'aggregate.flows_per_s': () => flowsPerSecond(false),
  'aggregate.flows_with_id_per_s': () => flowsPerSecond(true),
  'aggregate.bytes_per_flow'() {
    const messages = inTurn(MILLION);
    // Kept to the end, as nobody says when memory that was let go of is free.
    const sets: WindowSet[] = [];
    const perFlow = Array.from({ length: RUNS }, () => {
      const before = memoryInUse();
      const set = createWindowSet();
      sets.push(set);
      addAll(set, messages);
      return (memoryInUse() - before) / onlyWindow(set).flows.count;
    });
    return summarize(perFlow, 'bytes');
  },
};
