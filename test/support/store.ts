// A ClickHouse with the shipped schema, and the writer's own way into it, without Kafka.

import type { TestContext } from 'node:test';
import { type ClickHouseClient, createClickHouse } from '@tcxflow/common/clickhouse.ts';
import { commonSections } from '@tcxflow/common/config.ts';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { type EmbeddedClickHouse, startClickHouse } from '@tcxflow/embedded/clickhouse.ts';
import { recordingLog, removeFolder, temporaryFolder } from '@tcxflow/embedded/testing/engines.ts';
import { type BlockFormat, blockFormats } from '@tcxflow/writer/block-formats.ts';
import { writerSection } from '@tcxflow/writer/config.ts';
import { createWriterMetrics } from '@tcxflow/writer/metrics.ts';
import { migrate } from '@tcxflow/writer/migrations.ts';
import { openProcessor } from '@tcxflow/writer/processor.ts';
import { createProgressLog } from '@tcxflow/writer/progress.ts';
import type { KafkaMessage } from 'kafkajs';

export interface WriteOptions {
  partition?: number;
  /** Default: as the writer's. */
  blockRows?: number;
}

export interface Store {
  server: EmbeddedClickHouse;
  /** Of the services' user. */
  client: ClickHouseClient;
  /** Rows of a query, as objects. */
  ask<Row>(query: string, parameters?: Record<string, unknown>): Promise<Row[]>;
  /** Writes messages of a partition, the first at this offset: the same offsets again are a retry. */
  write(topic: string, firstOffset: number, messages: readonly Buffer[], options?: WriteOptions): Promise<void>;
  /** The same with messages as kafkajs has them. */
  process(topic: string, messages: KafkaMessage[], options?: WriteOptions): Promise<void>;
  stop(): Promise<void>;
}

export function kafkaMessages(firstOffset: number, values: readonly Buffer[]): KafkaMessage[] {
  return values.map((value, index) => ({
    key: null,
    value,
    timestamp: '0',
    attributes: 0,
    offset: String(firstOffset + index),
    headers: {},
  }));
}

const metrics = createWriterMetrics(createMetrics('writer'));

/** The ways into a ClickHouse that has the schema. */
export function storeOf(client: ClickHouseClient): Pick<Store, 'ask' | 'write' | 'process'> {
  const process: Store['process'] = async (topic, messages, { partition = 0, blockRows } = {}) => {
    const position = messages[0]?.offset ?? '0';
    const context = {
      topic,
      partition,
      committed: { offset: position, metadata: '' },
      position,
      abandoned: false,
      stopping: new AbortController().signal,
      commit: async () => true,
      heartbeat: async () => undefined,
    };
    const processor = openProcessor(context, {
      client,
      format: blockFormats[topic] as BlockFormat,
      config: writerSection.parse(blockRows === undefined ? {} : { blockRows }),
      recorded: undefined,
      progress: createProgressLog(client, async () => 'none'),
      deadLetter: {
        send: async (_context, _message, error) => {
          throw error;
        },
      },
      metrics,
      log: quietLog,
    });
    await processor.process(messages);
    await processor.close?.();
  };
  return {
    async ask<Row>(query: string, parameters = {}) {
      const result = await client.query({ query, query_params: parameters, format: 'JSONEachRow' });
      return result.json<Row>();
    },
    async write(topic, firstOffset, values, options) {
      await process(topic, kafkaMessages(firstOffset, values), options);
    },
    process,
  };
}

export async function openStore(): Promise<Store> {
  const folder = temporaryFolder();
  const server = await startClickHouse({ dataDir: folder, log: recordingLog(), httpPort: 0 });
  const { url, username, password } = server;
  const client = createClickHouse({ ...commonSections.clickhouse.parse({}), url, username, password });
  await migrate(client);
  return {
    server,
    client,
    ...storeOf(client),
    async stop() {
      await client.close();
      await server.stop();
      removeFolder(folder);
    },
  };
}

/** For a test that needs one of its own. */
export async function useStore(t: TestContext): Promise<Store> {
  const store = await openStore();
  t.after(() => store.stop());
  return store;
}
