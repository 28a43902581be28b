// The result of a run with --seconds: one JSON object, the last line of stdout.

import type { Snapshot } from './snapshot.ts';
import { margin95, type StoreTotals } from './store.ts';

export interface RunReport {
  /** By the BPF programs' counters. */
  seen: { packets: number; bytes: number };
  selected: number;
  lost: Record<string, number>;
  published: number;
  decoded: number;
  deadLettered: number;
  flows: number;
  clickhouse: {
    rows: number;
    samples: number;
    packets: number;
    bytes: number;
    bytesLow: number;
    bytesHigh: number;
  };
  /** By the lab's own counters; null when a real interface was sampled. */
  truth: { packets: number; bytes: number } | null;
  sflow: { datagrams: number; flowSamples: number; counterSamples: number };
  /** selected - lost - samples in ClickHouse. */
  ledgerBalance: number;
}

export function makeReport(snapshot: Snapshot, store: StoreTotals, truth: RunReport['truth']): RunReport {
  const margin = margin95(store.bytesVariance);
  const lost = Object.values(snapshot.lost).reduce((sum, value) => sum + value, 0);
  return {
    seen: snapshot.seen,
    selected: snapshot.selected,
    lost: snapshot.lost,
    published: snapshot.published,
    decoded: snapshot.decoded,
    deadLettered: snapshot.deadLettered,
    flows: snapshot.flows,
    clickhouse: {
      rows: store.rows,
      samples: store.samples,
      packets: store.packets,
      bytes: store.bytes,
      bytesLow: Math.max(0, Math.round(store.bytes - margin)),
      bytesHigh: Math.round(store.bytes + margin),
    },
    truth,
    sflow: snapshot.sflow,
    ledgerBalance: snapshot.selected - lost - store.samples,
  };
}

/** Sums of this run alone, when the store had some of the agent before. */
export function subtractTotals(after: StoreTotals, before: StoreTotals): StoreTotals {
  return {
    rows: after.rows - before.rows,
    samples: after.samples - before.samples,
    packets: after.packets - before.packets,
    bytes: after.bytes - before.bytes,
    bytesVariance: after.bytesVariance - before.bytesVariance,
  };
}
