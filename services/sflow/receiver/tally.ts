// What was counted of one agent since the last flush: metrics are not touched for each sample.

import type { FlowTally } from './flow-batch.ts';
import type { ReceiverMetrics } from './metrics.ts';

export interface AgentTally extends FlowTally {
  datagrams: number;
  lostDatagrams: number;
  repeatedDatagrams: number;
  restarts: number;
  counters: number;
  discards: number;
  unknown: number;
}

export function emptyTally(): AgentTally {
  const zero = { datagrams: 0, lostDatagrams: 0, repeatedDatagrams: 0, restarts: 0, counters: 0, discards: 0 };
  return { ...zero, taken: 0, synthesized: 0, late: 0, repeated: 0, unknown: 0, lost: new Map() };
}

export function countTally(tally: AgentTally, metrics: ReceiverMetrics): void {
  metrics.datagrams.inc(tally.datagrams);
  metrics.samples.inc({ kind: 'flow' }, tally.taken);
  metrics.samples.inc({ kind: 'counters' }, tally.counters);
  metrics.samples.inc({ kind: 'discard' }, tally.discards);
  metrics.samples.inc({ kind: 'unknown' }, tally.unknown);
  metrics.synthesized.inc(tally.synthesized);
  metrics.passedOver.inc({ cause: 'late' }, tally.late);
  metrics.passedOver.inc({ cause: 'repeated' }, tally.repeated);
  metrics.lostDatagrams.inc(tally.lostDatagrams);
  metrics.repeatedDatagrams.inc(tally.repeatedDatagrams);
  metrics.restarts.inc(tally.restarts);
  for (const [cause, samples] of tally.lost) metrics.lostSamples.inc({ cause }, samples);
}
