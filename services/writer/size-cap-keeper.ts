// Looks every minute whether the database is larger than writer.retention.max_bytes. Each writer does: what one has removed, another does not find.

import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';
import { delay } from '@tcxflow/common/kafka.ts';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import type { Logger } from '@tcxflow/common/logger.ts';
import type { WriterMetrics } from './metrics.ts';
import type { ClusterLayout } from './migrations-cluster.ts';
import { planRemovals } from './size-cap.ts';
import { readPartitions, removePartition } from './size-cap-store.ts';

export interface SizeCapDependencies {
  client: ClickHouseClient;
  metrics: WriterMetrics;
  log: Logger;
  maxBytes: number;
  layout?: ClusterLayout | undefined;
  /** Default: SETTLE_MS. */
  settleMs?: number;
}

const INTERVAL_MS = 60_000;

export function createSizeCap(deps: SizeCapDependencies): Component {
  const abort = new AbortController();
  let running = Promise.resolve();
  async function run(): Promise<void> {
    while (!abort.signal.aborted) {
      try {
        await enforceSizeCap(deps);
      } catch (error) {
        deps.metrics.capFailures.inc();
        deps.log.error({ err: error }, 'the size of the database could not be looked after; trying again in a minute');
      }
      await delay(INTERVAL_MS, abort.signal);
    }
  }
  return {
    name: 'size cap',
    start() {
      running = run();
    },
    async stop() {
      abort.abort();
      await running;
    },
  };
}

/** Once. */
export async function enforceSizeCap(deps: SizeCapDependencies): Promise<void> {
  const { client, metrics, log, maxBytes, layout, settleMs } = deps;
  const nowMs = Date.now();
  const plan = planRemovals(await readPartitions(client, layout), maxBytes, nowMs, settleMs);
  for (const removal of plan.removals) {
    await removePartition(client, removal, { maxBytes, nowMs, layout });
    const { table, partition, rows, bytes } = removal;
    metrics.removedPartitions.inc({ table });
    metrics.removedRows.inc({ table }, rows);
    metrics.removedBytes.inc({ table }, bytes);
    log.warn({ table, partition, rows, bytes, maxBytes }, 'removed a partition to stay below retention.max_bytes');
  }
  metrics.databaseBytes.set(plan.bytes);
  metrics.overCapBytes.set(plan.overBytes);
  if (plan.overBytes > 0)
    log.warn(
      { bytes: plan.bytes, overBytes: plan.overBytes, maxBytes },
      'above retention.max_bytes, and nothing left that may be removed',
    );
}
