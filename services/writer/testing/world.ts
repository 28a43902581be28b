// Kafka and ClickHouse for tests of the writer’s processor.

import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { type ClickHouseClient, ClickHouseError } from '@tcxflow/common/clickhouse.ts';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import type { PartitionContext, PartitionProcessor } from '@tcxflow/common/partition-consumer.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import type { KafkaMessage } from 'kafkajs';
import type { BlockFormat } from '../block-formats.ts';
import { type WriterConfig, writerSection } from '../config.ts';
import { createWriterMetrics } from '../metrics.ts';
import type { Probe } from '../probes.ts';
import { openProcessor } from '../processor.ts';
import type { ProgressBlock } from '../progress.ts';

export const metrics = createWriterMetrics(createMetrics('writer'));

/** Messages are lines of text, each a row; "broken" is none. */
export const lines: BlockFormat = {
  tables: [{ table: 'lines', format: 'JSONEachRow', join: (parts) => [...parts] }],
  read(message) {
    if (String(message).startsWith('broken')) throw new Error('broken');
    return [{ part: Buffer.from(`${message}\n`), rows: 1 }];
  },
};

export const message = (offset: number, value = `row ${offset}`): KafkaMessage => ({
  key: null,
  value: Buffer.from(value),
  timestamp: '0',
  attributes: 0,
  offset: String(offset),
  headers: {},
});

/** Kafka and ClickHouse, which outlive the worker. A step that throws is where it is killed, or gets no answer. */
export class World {
  log: string[] = [];
  /** Blocks by token, of the table and of its rollup: one that is known is dropped. */
  blocks = new Map<string, string>();
  rollup = new Map<string, string>();
  /** The same once their tokens are forgotten. */
  old: string[] = [];
  oldRollup: string[] = [];
  committed = { offset: '10', metadata: '' };
  /** Rows of writer_progress. */
  recorded: ProgressBlock[] = [];
  /** Blocks that came in since: what countSince() answers. */
  blocksSince = 0;
  deadLettered: string[] = [];
  context: PartitionContext & { abandoned: boolean } = this.nextContext();
  step: (name: string) => void = () => undefined;

  private nextContext() {
    const context = {
      topic: 'topic',
      partition: 3,
      committed: this.committed,
      position: this.committed.offset,
      abandoned: false,
      stopping: new AbortController().signal,
      heartbeat: async () => undefined,
      commit: async (offset: string, metadata: string) => {
        if (context.abandoned) return false;
        this.step('commit');
        const { last } = (metadata === '' ? {} : JSON.parse(metadata)) as { last?: number };
        this.log.push(last === undefined ? `commit ${offset}` : `commit ${offset} before ${last}`);
        this.committed = { offset, metadata };
        this.step('committed');
        return true;
      },
    };
    return context;
  }

  private client = {
    exec: async (request: { query: string; values: Readable; clickhouse_settings: Record<string, unknown> }) => {
      let body = '';
      for await (const chunk of request.values) body += String(chunk);
      const token = String(request.clickhouse_settings.insert_deduplication_token);
      this.log.push(`insert ${token} ${JSON.stringify(body)}`);
      this.step('insert');
      if (body.includes('poison'))
        throw new ClickHouseError({ message: 'refused', code: '469', type: 'VIOLATED_CONSTRAINT' });
      assert.equal(this.blocks.get(token) ?? body, body, 'a token means one block');
      this.blocks.set(token, body);
      this.step('insert of the rollup');
      this.rollup.set(token, body);
      this.step('inserted');
      return { stream: Readable.from([]) };
    },
  } as unknown as ClickHouseClient;

  forgetTokens(): void {
    this.old.push(...this.blocks.values());
    this.oldRollup.push(...this.rollup.values());
    this.blocks.clear();
    this.rollup.clear();
    this.blocksSince = 10_000;
  }

  /** What is in the table, sorted by offset. */
  rows(of: 'table' | 'rollup' = 'table'): string[] {
    const texts =
      of === 'table' ? [...this.old, ...this.blocks.values()] : [...this.oldRollup, ...this.rollup.values()];
    const offsetOf = (row: string) => Number(row.split(' ')[1]);
    return texts
      .join('')
      .split('\n')
      .slice(0, -1)
      .sort((one, other) => offsetOf(one) - offsetOf(other));
  }

  private probe: Probe = async (_client, parts) => {
    const has = this.rows();
    return (index) => !has.includes(String(parts[index]).trim());
  };

  private progress = {
    write: async (_topic: string, _partition: number, block: ProgressBlock) => {
      this.step('record');
      this.log.push(`record ${block.firstOffset}-${block.lastOffset}`);
      this.recorded.push(block);
      this.step('recorded');
    },
    countSince: async () => this.blocksSince,
  };

  /** A worker that starts from what was committed. */
  open(config: Partial<WriterConfig> = {}): PartitionProcessor {
    this.context = this.nextContext();
    return openProcessor(this.context, {
      client: this.client,
      format: lines,
      config: { ...writerSection.parse({}), ...config },
      recorded: this.recorded.at(-1),
      progress: this.progress,
      probes: { lines: this.probe },
      deadLetter: { send: async (_, { offset }) => void this.deadLettered.push(offset) },
      metrics,
      log: quietLog,
    });
  }
}

export function fakeTime(t: TestContext): void {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
}
