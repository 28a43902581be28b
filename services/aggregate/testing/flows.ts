// A window's flows as readers of the topic get them, and their Kafka keys.

import type { Flow } from '@tcxflow/schemas/generated.ts';
import { flowCodec } from '@tcxflow/schemas/topics.ts';
import { createFlowSink, type FlowMessage, writeFlow } from '../flow-writer.ts';
import type { Window } from '../windows.ts';

export function messagesOf(window: Window, withId = false): FlowMessage[] {
  const sink = createFlowSink(4096);
  return Array.from({ length: window.flows.count }, (_, row) => writeFlow(sink, window, row, withId));
}

export function flowsIn(windows: Iterable<Window>): Flow[] {
  return [...windows].flatMap((window) => messagesOf(window).map(({ value }) => flowCodec.decode(value)));
}
