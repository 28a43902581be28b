// The bus: every topic, its codec, and how it is created.

import { loadCodec } from './avro.ts';
import type { Counters, DecodedBatch, DropBatch, Flow, FlowSummary, LedgerEntry, SampleBatch } from './generated.ts';

export const topicNames = {
  rawSamples: 'tcxflow.raw-samples.v1',
  counters: 'tcxflow.counters.v1',
  drops: 'tcxflow.drops.v1',
  decodedSamples: 'tcxflow.decoded-samples.v1',
  flows: 'tcxflow.flows.v1',
  flowSummaries: 'tcxflow.flow-summaries.v1',
  deadLetter: 'tcxflow.dead-letter.v1',
  ledger: 'tcxflow.ledger.v1',
} as const;

/** A header of messages that did not come from capture: how their samples came. Readers that don't ask need not know. */
export const ORIGIN_HEADER = 'tcxflow-origin';
/** The receiver took them from sFlow datagrams. */
export const ORIGIN_SFLOW = 'sflow';

export const sampleBatchCodec = loadCodec<SampleBatch>('sample-batch.v1');
export const countersCodec = loadCodec<Counters>('counters.v1');
export const dropBatchCodec = loadCodec<DropBatch>('drop-batch.v1');
export const decodedBatchCodec = loadCodec<DecodedBatch>('decoded-batch.v1');
export const flowCodec = loadCodec<Flow>('flow.v1');
export const flowSummaryCodec = loadCodec<FlowSummary>('flow-summary.v1');
export const ledgerEntryCodec = loadCodec<LedgerEntry>('ledger-entry.v1');

const HOUR_MS = 3_600_000;

/** Retention of each topic in ms, as docs/reference/topics.md states it. */
export const topicRetentionMs: Record<(typeof topicNames)[keyof typeof topicNames], number> = {
  [topicNames.rawSamples]: 72 * HOUR_MS,
  [topicNames.counters]: 168 * HOUR_MS,
  [topicNames.drops]: 168 * HOUR_MS,
  [topicNames.decodedSamples]: 24 * HOUR_MS,
  [topicNames.flows]: 168 * HOUR_MS,
  [topicNames.flowSummaries]: 168 * HOUR_MS,
  [topicNames.deadLetter]: 336 * HOUR_MS,
  [topicNames.ledger]: 720 * HOUR_MS,
};
