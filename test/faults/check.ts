// After all has come to rest: is each sample counted once, in the topic, in the table and in every rollup?

import { createClickHouse } from '@tcxflow/common/clickhouse.ts';
import { commonSections } from '@tcxflow/common/config.ts';
import { topicNames } from '@tcxflow/schemas/topics.ts';
import { eventually, wrongLedger, wrongSamples } from './accounts.ts';
import type { Engines } from './engines.ts';
import { connect, readFlows, readRawBatches, sumCells } from './flows-topic.ts';
import { flowsAreOut, flowsAreWritten, waiting } from './rest.ts';
import { flowKeyText, readTable, tableChecks } from './tables.ts';
import type { Host } from './traffic.ts';
import { compare, type Difference, type Truth } from './truth.ts';

export interface Deviation {
  /** A table, a topic, or what did not come to its end. */
  where: string;
  what?: string;
  differences: Difference[];
}

export interface CheckResult {
  deviations: Deviation[];
  samples: number;
  flows: number;
  /** Raw batches that are in their topic more than once: answers that were lost. */
  repeated: string[];
}

export interface CheckOptions {
  engines: Engines;
  truth: Truth;
  hosts: readonly Host[];
  /** When the load began. */
  fromMs: number;
}

const REST_MS = 180_000;
const ACCOUNTS_MS = 60_000;
const SHOWN = 20;

export async function check({ engines, truth, hosts, fromMs }: CheckOptions): Promise<CheckResult> {
  const deviations: Deviation[] = [];
  const say = (where: string, what: string) => void deviations.push({ where, what, differences: [] });
  const kafka = connect(engines.brokers);
  const admin = kafka.admin();
  await admin.connect();
  const client = createClickHouse({ ...commonSections.clickhouse.parse({}), ...engines.clickhouseUser });
  try {
    if (!(await flowsAreOut(admin, REST_MS))) say('rest', `${await waiting(admin)} messages wait for a worker`);
    const topic = await readFlows(kafka);
    if (!(await flowsAreWritten(admin, topic.lastOffsets, REST_MS))) say('rest', 'the writer is not at the end');
    const raw = await readRawBatches(kafka);

    const keysOf = (key: Parameters<typeof flowKeyText>[0]) => [flowKeyText(key)];
    add(deviations, topicNames.flows, compare(sumCells(topic.cells, keysOf), truth.fold(keysOf)));
    for (const table of tableChecks)
      add(deviations, table.name, compare(await readTable(client, table), truth.fold(table.keysOf)));
    const result = await client.query({ query: 'SELECT toFloat64(count()) AS n FROM flows', format: 'JSONEachRow' });
    const [rows] = await result.json<{ n: number }>();
    if (rows?.n !== topic.messages) say('flows', `${rows?.n} rows of ${topic.messages} messages`);
    const dead = await admin.fetchTopicOffsets(topicNames.deadLetter);
    const deadCount = dead.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
    if (deadCount > 0) say(topicNames.deadLetter, `${deadCount} messages`);
    const { samples } = truth.total();
    const accounts = {
      samples: () => wrongSamples(client, hosts),
      ledger: () => wrongLedger(client, fromMs, samples),
    };
    for (const [where, ask] of Object.entries(accounts))
      for (const what of (await eventually(ask, ACCOUNTS_MS)).slice(0, SHOWN)) say(where, what);
    return { deviations, samples, flows: topic.messages, repeated: raw.repeated };
  } finally {
    await client.close();
    await admin.disconnect();
  }
}

function add(deviations: Deviation[], where: string, differences: Difference[]): void {
  if (differences.length > 0) deviations.push({ where, differences });
}
