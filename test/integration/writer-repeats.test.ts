// What the writer does when ClickHouse refuses, and when a worker is back after ClickHouse has forgotten its tokens: asked of a
// real ClickHouse. Kafka is played: what was committed outlives the worker, and a worker is killed at a step.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { skipWithout } from '@tcxflow/embedded/testing/engines.ts';
import type { Flow } from '@tcxflow/schemas/generated.ts';
import { flowCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { type BlockFormat, blockFormats } from '@tcxflow/writer/block-formats.ts';
import { writerSection } from '@tcxflow/writer/config.ts';
import { createWriterMetrics } from '@tcxflow/writer/metrics.ts';
import { openProcessor } from '@tcxflow/writer/processor.ts';
import { createProgressLog } from '@tcxflow/writer/progress.ts';
import { makeFlows } from '../support/flows.ts';
import { kafkaMessages, openStore, type Store } from '../support/store.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const minute = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 10 * MINUTE_MS;
/** No flow of makeFlows() has it. */
const POISON_PORT = 6;
/** Blocks whose tokens a table knows here once it is told so, and after which the writer takes them for forgotten. */
const TOKENS = 3;
const tables = ['flows', 'flows_1m', 'flows_5m', 'flows_1h', 'flows_1d', 'flows_prefixes_1h', 'flows_hosts_1h'];
const metrics = createWriterMetrics(createMetrics('writer'));

describe('the writer and a real ClickHouse', skipWithout('clickhouse'), () => {
  let store: Store;
  let partitions = 0;
  before(async () => {
    store = await openStore();
  });
  after(() => store?.stop());

  const command = (query: string) => store.client.command({ query });

  /** A partition of flows, and what its group has committed. */
  function createPartition(flows: readonly Flow[]) {
    const partition = partitions++;
    const agent = `agent-${partition}`;
    const messages = kafkaMessages(
      0,
      flows.map((flow) => flowCodec.encode({ ...flow, agent })),
    ).map((message, offset) => ({ ...message, timestamp: String(minute + offset) }));
    const letters: { offset: string; reason: string }[] = [];
    const progress = createProgressLog(store.client, async () => 'cluster');
    const topic = topicNames.flows;
    let committed = { offset: '0', metadata: '' };

    /** A worker from where the last one stopped, up to the end. @param step throws where this worker is killed */
    async function run(step: (name: 'insert' | 'inserted' | 'recorded') => void = () => undefined): Promise<void> {
      const context = {
        ...{ topic, partition, committed, position: committed.offset, abandoned: false },
        ...{ stopping: new AbortController().signal, heartbeat: async () => undefined },
        commit: async (offset: string, metadata: string) => {
          if (context.abandoned) return false;
          committed = { offset, metadata };
          return true;
        },
      };
      const at: typeof step = (name) => {
        try {
          step(name);
        } catch (error) {
          context.abandoned = true;
          throw error;
        }
      };
      const client = {
        query: store.client.query.bind(store.client),
        async exec(request: Parameters<ClickHouseClient['exec']>[0]) {
          at('insert');
          const result = await store.client.exec(request);
          at('inserted');
          return result;
        },
      } as ClickHouseClient;
      const processor = openProcessor(context, {
        ...{ client, metrics, log: quietLog, tokenWindow: TOKENS },
        format: blockFormats[topic] as BlockFormat,
        config: writerSection.parse({ blockRows: flows.length }),
        recorded: await progress.read(topic, partition),
        progress: {
          ...progress,
          async write(...row) {
            await progress.write(...row);
            at('recorded');
          },
        },
        deadLetter: { send: async (_, { offset }, { message }) => void letters.push({ offset, reason: message }) },
      });
      await processor.process(messages.slice(Number(committed.offset)));
      await processor.close?.();
    }

    return {
      agent,
      letters,
      run,
      killed: (name: Parameters<Parameters<typeof run>[0] & object>[0], times = 1) => {
        let left = times;
        return assert.rejects(
          run((step) => {
            if (step === name && --left === 0) throw new Error('killed');
          }),
          /killed/,
        );
      },
      forgetOffsets: () => {
        committed = { offset: '0', metadata: '' };
      },
      committed: () => committed,
      /** Samples in each of the tables are those of these flows. */
      async has(expected: readonly Flow[], what: string): Promise<void> {
        const sum = expected.reduce((total, { samples }) => total + samples, 0);
        for (const table of tables) {
          const column = table === 'flows_hosts_1h' ? 'samplesSent' : 'samples';
          const query = `SELECT toFloat64(sum(${column})) AS samples FROM ${table} WHERE agent = {agent:String}`;
          assert.deepEqual(await store.ask(query, { agent }), [{ samples: sum }], `${table}, ${what}`);
        }
      },
    };
  }

  /** So many blocks of another partition that all tokens are forgotten. */
  async function othersWrite(): Promise<void> {
    for (let block = 0; block <= 2 * TOKENS; block++) await createPartition(makeFlows(2, minute, block)).run();
  }

  describe('when rows are refused', () => {
    const flows = makeFlows(16, minute).map((flow, offset) =>
      offset === 5 || offset === 11 ? { ...flow, srcPort: POISON_PORT } : flow,
    );
    const good = flows.filter(({ srcPort }) => srcPort !== POISON_PORT);
    before(() => command(`ALTER TABLE flows ADD CONSTRAINT no_poison CHECK srcPort != ${POISON_PORT}`));
    after(() => command('ALTER TABLE flows DROP CONSTRAINT no_poison'));

    // Halves of halves: of the 16 messages eight spans without poison go in.
    for (const kill of [0, 2, 5])
      test(`each goes to the dead letters alone, its neighbours are in once${kill ? `: killed after insert ${kill}` : ''}`, async () => {
        const partition = createPartition(flows);
        if (kill > 0) await partition.killed('inserted', kill);
        await partition.run();
        await partition.has(good, `killed after insert ${kill}`);
        assert.deepEqual([...new Set(partition.letters.map(({ offset }) => offset))], ['5', '11']);
        for (const { reason } of partition.letters) assert.match(reason, /no_poison/);
        assert.deepEqual(partition.committed(), { offset: '16', metadata: '' });
        await partition.run();
        await partition.has(good, 'run again');
      });
  });

  test('what a view refuses is no row’s fault: the block is tried until the view takes it, and is in once', async () => {
    const flows = makeFlows(8, minute).map((flow, offset) => (offset === 3 ? { ...flow, srcPort: POISON_PORT } : flow));
    const parsed = `toUInt8(if(srcPort = ${POISON_PORT}, 'poison', '1')) AS one`;
    await command('CREATE TABLE picky (one UInt8) ENGINE = MergeTree ORDER BY one');
    await command(`CREATE MATERIALIZED VIEW picky_view TO picky AS SELECT ${parsed} FROM flows`);
    const partition = createPartition(flows);
    const running = partition.run();
    await sleep(700);
    assert.equal(partition.committed().offset, '0');
    await command('DROP VIEW picky_view');
    await running;
    assert.deepEqual(partition.letters, []);
    await partition.has(flows, 'without the view');
  });

  describe('when a worker is back after its tokens were forgotten', () => {
    const flows = makeFlows(20, minute, 2);
    before(async () => {
      for (const table of tables)
        await command(`ALTER TABLE ${table} MODIFY SETTING non_replicated_deduplication_window = ${TOKENS}`);
    });

    test('the tables do forget: the same block twice would be in twice', async () => {
      const partition = createPartition(flows);
      await partition.run();
      await othersWrite();
      await command(`DELETE FROM writer_progress WHERE 1 SETTINGS mutations_sync = 2`);
      partition.forgetOffsets();
      await partition.run();
      await partition.has([...flows, ...flows], 'doubled');
    });

    for (const step of ['insert', 'inserted', 'recorded'] as const)
      test(`nothing is lost or doubled when it was killed at “${step}”`, async () => {
        const partition = createPartition(flows);
        await partition.killed(step);
        await othersWrite();
        await partition.run();
        await partition.has(flows, step);
        assert.deepEqual(partition.committed(), { offset: '20', metadata: '' });
      });

    test('of a block of two days, of which one was cut off, the other is inserted', async () => {
      const days = flows.map((flow, index) => (index < 12 ? flow : moved(flow, -DAY_MS)));
      const partition = createPartition(days);
      await partition.killed('insert');
      const first = days.slice(0, 12).map((flow) => flowCodec.encode({ ...flow, agent: partition.agent }));
      await store.write(topicNames.flows, 0, first, { partition: 1000 });
      await othersWrite();
      await partition.run();
      await partition.has(days, 'both days');
    });

    test('nor when the group lost its offsets', async () => {
      const partition = createPartition(flows);
      await partition.run();
      await othersWrite();
      partition.forgetOffsets();
      await partition.run();
      await partition.has(flows, 'read again from the first');
    });
  });
});

function moved(flow: Flow, ms: number): Flow {
  const ns = BigInt(ms) * 1_000_000n;
  return {
    ...flow,
    windowStart: flow.windowStart + ms,
    firstNs: flow.firstNs + ns,
    lastNs: flow.lastNs + ns,
  };
}
