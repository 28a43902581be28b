// One partition into its tables, each message once: the block's range goes into the commit metadata, then the block is
// inserted under a token made of the range, then a row of writer_progress says that it is in, then the range is committed.
// After a crash the same range is read again: what writer_progress has is passed over, the rest inserted under the same
// token, so that each table drops what it has.

import type { PartitionContext, PartitionProcessor } from '@tcxflow/common/partition-consumer.ts';
import type { KafkaMessage } from 'kafkajs';
import type { BlockFormat, Piece } from './block-formats.ts';
import { createInserter, type InserterDependencies } from './block-inserter.ts';
import { decodePending, encodePending } from './commit-metadata.ts';
import type { WriterConfig } from './config.ts';
import type { Progress, ProgressLog } from './progress.ts';
import { addPiece, emptyBlock } from './waiting-block.ts';

export interface ProcessorDependencies extends InserterDependencies {
  format: BlockFormat;
  config: Pick<WriterConfig, 'blockRows' | 'blockBytes' | 'flushIntervalMs'>;
  /** What writer_progress says of the partition. */
  recorded: Progress | undefined;
  progress: Pick<ProgressLog, 'write' | 'countSince'>;
  /** Blocks after which a table may have forgotten a token. Default: half of what the migrations set. */
  tokenWindow?: number;
}

/** Half: a block can be several parts, one for each day. */
const TOKEN_WINDOW = 5000;
/** The writer's clock and ClickHouse's may differ by so much. */
const CLOCKS_MS = 60_000;

export function openProcessor(context: PartitionContext, deps: ProcessorDependencies): PartitionProcessor {
  const { config, format, metrics, log, progress, tokenWindow = TOKEN_WINDOW } = deps;
  const { topic, partition } = context;
  const labels = { topic, partition };
  const inserter = createInserter(context, deps);
  let firstOffset = Number(context.position);
  /** A range under way when the last owner stopped: it must be inserted as it was. */
  let pending = decodePending(context.committed.metadata);
  /** All up to here are in the tables. */
  let doneThrough = deps.recorded?.lastOffset ?? -1;
  let newestMs = deps.recorded?.newestMs ?? 0;
  /** What waits, for each of the tables. */
  let waiting = format.tables.map(emptyBlock);
  let messages = 0;
  let rows = 0;
  let bytes = 0;
  let skipped = 0;
  let lastOffset = -1;
  let startedAt = 0;
  /** Of the message that is read; one for all, as there are a million a second. */
  const position = { partition, offset: 0, timestampMs: 0 };

  /** @returns what to wait for, if anything, before the next */
  function add(message: KafkaMessage): Promise<void> | undefined {
    const offset = Number(message.offset);
    // The range was committed with a last offset that was there; what lies beyond belongs to the next block.
    // Nor does a block have both what is in and what is not.
    const beyond = (pending !== undefined && offset > pending.last) || (skipped > 0 && offset > doneThrough);
    if (!beyond) return take(message, offset);
    return flush().then(() => {
      pending = undefined;
      return take(message, offset);
    });
  }

  function take(message: KafkaMessage, offset: number): Promise<void> | undefined {
    const timestampMs = Number(message.timestamp);
    if (offset <= doneThrough && isIn(offset, timestampMs)) return moveTo(offset);
    if (timestampMs > newestMs) newestMs = timestampMs;
    let pieces: readonly Piece[];
    try {
      position.offset = offset;
      position.timestampMs = timestampMs;
      pieces = format.read(message.value, position);
    } catch (error) {
      return deps.deadLetter.send(context, message, error as Error).then(() => moveTo(offset));
    }
    keep(message, pieces);
    return moveTo(offset);
  }

  /** All that are in are at most as late as the newest; what is later is of a topic that was made anew. */
  function isIn(offset: number, timestampMs: number): boolean {
    if (timestampMs > newestMs) {
      log.warn({ ...labels, offset, doneThrough }, 'the topic was made anew: its offsets begin again');
      doneThrough = -1;
      return false;
    }
    skipped++;
    return true;
  }

  function moveTo(offset: number): Promise<void> | undefined {
    if (lastOffset < 0) startedAt = Date.now();
    lastOffset = offset;
    const full = messages >= config.blockRows || bytes >= config.blockBytes;
    return (pending === undefined ? full : offset === pending.last) ? flush() : undefined;
  }

  function keep(message: KafkaMessage, pieces: readonly Piece[]): void {
    messages++;
    for (let index = 0; index < pieces.length; index++) {
      const piece = pieces[index] as Piece;
      addPiece(waiting[index] as (typeof waiting)[number], message, piece);
      rows += piece.rows;
      bytes += piece.part.length;
    }
  }

  async function flush(): Promise<void> {
    if (lastOffset < 0) return;
    const first = firstOffset;
    const last = lastOffset;
    const sinceMs = pending?.sinceMs ?? Date.now();
    if (!(await context.commit(String(first), encodePending(last, sinceMs))))
      throw new Error('the partition was reassigned');
    if (last > doneThrough) await insertAll(first, last);
    if (skipped > 0) reportSkipped(first, last);
    await context.commit(String(last + 1), '');
    firstOffset = last + 1;
    pending = undefined;
    waiting = format.tables.map(emptyBlock);
    messages = 0;
    rows = 0;
    bytes = 0;
    skipped = 0;
    lastOffset = -1;
    metrics.waiting.set(labels, 0);
  }

  /** Into each of the tables; then the row that says so. */
  async function insertAll(first: number, last: number): Promise<void> {
    // Of the range as it was begun, also when its last message has gone since.
    const token = `${topic}-${partition}-${first}-${pending?.last ?? last}`;
    const forgotten = pending !== undefined && pending.sinceMs > 0 && (await isForgotten(pending.sinceMs));
    let inserted = 0;
    for (const block of waiting) {
      if (block.rows === 0) continue;
      const done = await (forgotten ? inserter.insertLacking(block, token) : inserter.insert(block, token));
      inserted += done;
      metrics.rows.inc({ table: block.table.table }, done);
      if (done > 0) metrics.blocks.inc({ table: block.table.table });
    }
    const block = { firstOffset: first, lastOffset: last, newestMs, rows: inserted };
    await inserter.untilDone({ table: 'writer_progress' }, () => progress.write(topic, partition, block));
    doneThrough = last;
  }

  async function isForgotten(sinceMs: number): Promise<boolean> {
    const count = () => progress.countSince(sinceMs - CLOCKS_MS);
    return (await inserter.untilDone({ table: 'writer_progress' }, count)) > tokenWindow;
  }

  function reportSkipped(first: number, last: number): void {
    metrics.skipped.inc({ topic }, skipped);
    log.warn({ ...labels, first, last, messages: skipped }, 'passed over what the tables have already');
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
      if (pending === undefined && lastOffset >= 0 && Date.now() - startedAt >= config.flushIntervalMs) await flush();
    },
    async close() {
      if (pending === undefined) await flush();
    },
    async dispose() {
      metrics.waiting.remove(labels);
    },
  };
}
