// One partition into its tables, each message once: the block's range goes into the commit metadata, then the block is
// inserted under a token made of the range, then the range is committed. After a crash the same range is read again and
// inserted under the same token, so that each table drops what it has.

import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';
import type { DeadLetter } from '@tcxflow/common/dead-letter.ts';
import { delay } from '@tcxflow/common/kafka.ts';
import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import type { PartitionContext, PartitionProcessor } from '@tcxflow/common/partition-consumer.ts';
import type { KafkaMessage } from 'kafkajs';
import type { BlockFormat, Piece, TableFormat } from './block-formats.ts';
import type { WriterConfig } from './config.ts';
import { insertBlock } from './insert.ts';
import type { WriterMetrics } from './metrics.ts';

export interface ProcessorDependencies {
  client: ClickHouseClient;
  format: BlockFormat;
  config: WriterConfig;
  deadLetter: DeadLetter;
  metrics: WriterMetrics;
  log: Logger;
}

const RETRY_MS_MAX = 5000;

/** The range that was being inserted when the metadata was committed. */
export function encodePending(lastOffset: number): string {
  return JSON.stringify({ v: 1, last: lastOffset });
}

/** @throws {Error} on metadata of another version: better stop than insert twice */
export function decodePending(metadata: string): number | undefined {
  if (metadata === '') return undefined;
  const value = JSON.parse(metadata) as { v: number; last: number };
  if (value.v !== 1) throw new Error(`commit metadata version ${value.v} is not known`);
  return value.last;
}

export function openProcessor(context: PartitionContext, deps: ProcessorDependencies): PartitionProcessor {
  const { config, format, metrics, log } = deps;
  const problems = throttled(10_000);
  const labels = { topic: context.topic, partition: context.partition };
  let firstOffset = Number(context.position);
  /** A range under way when the last owner stopped: it must be inserted as it was. */
  let pendingLast = decodePending(context.committed.metadata);
  /** What waits, for each of the tables. */
  const waiting = format.tables.map((table) => ({ table, parts: [] as Buffer[], rows: 0 }));
  /** Of the message at hand; one object for a million of them. */
  const position = { partition: context.partition, offset: 0, timestampMs: 0 };
  let messages = 0;
  let rows = 0;
  let bytes = 0;
  let lastOffset = -1;
  let startedAt = 0;

  /** @returns what to wait for, if anything, before the next */
  function add(message: KafkaMessage): Promise<void> | undefined {
    // The range was committed with a last offset that was there; what lies beyond belongs to the next block.
    if (pendingLast === undefined || Number(message.offset) <= pendingLast) return take(message);
    return flush().then(() => {
      pendingLast = undefined;
      return take(message);
    });
  }

  function take(message: KafkaMessage): Promise<void> | undefined {
    const offset = Number(message.offset);
    position.offset = offset;
    position.timestampMs = Number(message.timestamp);
    let pieces: readonly Piece[];
    try {
      pieces = format.read(message.value, position);
    } catch (error) {
      return deps.deadLetter.send(context, message, error as Error).then(() => moveTo(offset));
    }
    keep(pieces);
    return moveTo(offset);
  }

  function moveTo(offset: number): Promise<void> | undefined {
    if (lastOffset < 0) startedAt = Date.now();
    lastOffset = offset;
    const full = messages >= config.blockRows || bytes >= config.blockBytes;
    return (pendingLast === undefined ? full : offset === pendingLast) ? flush() : undefined;
  }

  function keep(pieces: readonly Piece[]): void {
    messages++;
    for (let index = 0; index < pieces.length; index++) {
      const piece = pieces[index] as Piece;
      const block = waiting[index] as (typeof waiting)[number];
      if (piece.rows === 0) continue;
      block.parts.push(piece.part);
      block.rows += piece.rows;
      rows += piece.rows;
      bytes += piece.part.length;
    }
  }

  async function flush(): Promise<void> {
    if (lastOffset < 0) return;
    const token = `${context.topic}-${context.partition}-${firstOffset}-${lastOffset}`;
    if (!(await context.commit(String(firstOffset), encodePending(lastOffset))))
      throw new Error('the partition was reassigned');
    for (const block of waiting) if (block.rows > 0) await insertUntilDone(block.table, block.parts, token);
    await context.commit(String(lastOffset + 1), '');
    for (const block of waiting) {
      metrics.rows.inc({ table: block.table.table }, block.rows);
      if (block.rows > 0) metrics.blocks.inc({ table: block.table.table });
      block.parts = [];
      block.rows = 0;
    }
    firstOffset = lastOffset + 1;
    pendingLast = undefined;
    messages = 0;
    rows = 0;
    bytes = 0;
    lastOffset = -1;
    metrics.waiting.set(labels, 0);
  }

  /** The identical block until ClickHouse acknowledges it. */
  async function insertUntilDone(format: TableFormat, parts: readonly Buffer[], token: string): Promise<void> {
    const { table } = format;
    const body = format.join(parts);
    for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, RETRY_MS_MAX)) {
      const stopTimer = metrics.seconds.startTimer({ table });
      try {
        await insertBlock(deps.client, { table, format: format.format, body, token });
        stopTimer();
        return;
      } catch (error) {
        metrics.failures.inc({ table });
        if (context.stopping.aborted || context.abandoned) throw error;
        problems((skipped) =>
          log.warn({ err: error, table, token, rows, skipped }, 'insert failed; trying the same block again'),
        );
      }
      await delay(waitMs, context.stopping);
      await context.heartbeat();
    }
  }

  return {
    async process(messages) {
      for (const message of messages) {
        const full = add(message);
        // Awaiting nothing costs a turn of the microtask queue for each of a million messages.
        if (full) await full;
      }
      metrics.waiting.set(labels, rows);
    },
    async tick() {
      if (pendingLast === undefined && lastOffset >= 0 && Date.now() - startedAt >= config.flushIntervalMs)
        await flush();
    },
    async close() {
      if (pendingLast === undefined) await flush();
    },
    async dispose() {
      metrics.waiting.remove(labels);
    },
  };
}
