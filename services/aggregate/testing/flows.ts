// A window's flows as readers of the topic get them, and their Kafka keys.

import type { Flow, FlowSummary } from '@tcxflow/schemas/generated.ts';
import { flowCodec, flowSummaryCodec } from '@tcxflow/schemas/topics.ts';
import { createFlowSink, type FlowMessage, writeFlow } from '../flow-writer.ts';
import { writeSummary } from '../summary-writer.ts';
import type { Window } from '../windows.ts';

export function messagesOf(window: Window, withId = false): FlowMessage[] {
  const sink = createFlowSink(4096);
  const { keySet } = window;
  return Array.from({ length: window.flows.count }, (_, row) =>
    keySet ? writeSummary(sink, window, keySet, row) : writeFlow(sink, window, row, withId),
  );
}

export function flowsIn(windows: Iterable<Window>): Flow[] {
  return [...windows].flatMap((window) => messagesOf(window).map(({ value }) => flowCodec.decode(value)));
}

export function summariesIn(windows: Iterable<Window>): FlowSummary[] {
  return [...windows].flatMap((window) => messagesOf(window).map(({ value }) => flowSummaryCodec.decode(value)));
}
