// A table's block into ClickHouse: tried until it is in, without what is refused, and without what is in although the
// table may have forgotten the token.

import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';
import type { DeadLetter } from '@tcxflow/common/dead-letter.ts';
import { TcxflowError } from '@tcxflow/common/errors.ts';
import { delay } from '@tcxflow/common/kafka.ts';
import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import type { PartitionContext } from '@tcxflow/common/partition-consumer.ts';
import { insertBisecting, type Span } from './bisect.ts';
import { type Block, insertBlock } from './insert.ts';
import type { WriterMetrics } from './metrics.ts';
import { type Probe, probes as shippedProbes } from './probes.ts';
import { isRefusal } from './refusal.ts';
import type { WaitingBlock } from './waiting-block.ts';

export interface InserterDependencies {
  client: ClickHouseClient;
  deadLetter: DeadLetter;
  metrics: WriterMetrics;
  log: Logger;
  /** By table. Default: those of probes.ts. */
  probes?: Record<string, Probe | undefined>;
}

const RETRY_MS_MAX = 5000;
/** More refused messages in a block are no fault of theirs: the schema is wrong, and waiting loses nothing. */
const REFUSED_MAX = 100;

export function createInserter(context: PartitionContext, deps: InserterDependencies) {
  const { client, metrics, log, probes = shippedProbes } = deps;
  const problems = throttled(10_000);

  /** Until it works. @throws the last error when the partition is given up meanwhile, or at once one that `isFinal` */
  async function untilDone<T>(
    what: { table: string; token?: string },
    work: () => Promise<T>,
    isFinal: (error: unknown) => boolean = () => false,
  ): Promise<T> {
    for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, RETRY_MS_MAX)) {
      try {
        return await work();
      } catch (error) {
        if (isFinal(error)) throw error;
        metrics.failures.inc({ table: what.table });
        // Not the refusal itself: that would be one more dead letter.
        if (context.stopping.aborted || context.abandoned)
          throw isRefusal(error) ? new Error('given up', { cause: error }) : error;
        problems((skipped) => log.warn({ err: error, ...what, skipped }, 'insert failed; trying the same again'));
      }
      await delay(waitMs, context.stopping);
      await context.heartbeat();
    }
  }

  /** What is refused once may have been cut off on its way: only what is refused again is refused for what it holds. */
  async function insertTwice(block: Block): Promise<void> {
    const stopTimer = metrics.seconds.startTimer({ table: block.table });
    try {
      await insertBlock(client, block);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await insertBlock(client, block);
    }
    stopTimer();
  }

  /** @returns rows that are in */
  async function insert({ table: format, parts, messages, rowsOf, rows }: WaitingBlock, token: string) {
    const { table } = format;
    let refused = 0;
    let kept = rows;
    const tokenOf = ({ start, end }: Span) =>
      end - start === parts.length ? token : `${token}/${messages[start]?.offset}-${messages[end - 1]?.offset}`;
    await insertBisecting(
      { start: 0, end: parts.length },
      async (span) => {
        const body = format.join(parts.slice(span.start, span.end));
        await untilDone(
          { table, token: tokenOf(span) },
          () => insertTwice({ table, format: format.format, body, token: tokenOf(span) }),
          (error) => isRefusal(error) && refused < REFUSED_MAX,
        );
      },
      async (index, error) => {
        refused++;
        kept -= rowsOf[index] as number;
        const reason = new TcxflowError('ROW_REFUSED', `${table}: ${error.message}`, { cause: error });
        await deps.deadLetter.send(context, messages[index] as (typeof messages)[number], reason);
      },
    );
    return kept;
  }

  /** As insert(), but the table may have the block and no longer know its token: only what it lacks. */
  async function insertLacking(block: WaitingBlock, token: string) {
    const { table } = block.table;
    const probe = probes[table];
    if (!probe) return insert(block, token);
    const lacking = await untilDone({ table }, () => probe(client, block.parts));
    const indexes = [...block.parts.keys()].filter((index) => lacking(index));
    log.warn(
      { table, token, messages: block.parts.length, lacking: indexes.length },
      'a range of long ago: what the table has is not inserted again; its rollups may lack it',
    );
    metrics.unsure.inc({ table });
    if (indexes.length === 0) return 0;
    const pick = <T>(values: readonly T[]) => indexes.map((index) => values[index] as T);
    const rowsOf = pick(block.rowsOf);
    return insert(
      {
        table: block.table,
        parts: pick(block.parts),
        messages: pick(block.messages),
        rowsOf,
        rows: rowsOf.reduce((sum, rows) => sum + rows, 0),
      },
      token,
    );
  }

  return { untilDone, insert, insertLacking };
}
