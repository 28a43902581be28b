// A block that is repeated after ClickHouse was started anew, the first time since its tables were made: its views must know it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClickHouse } from '@tcxflow/common/clickhouse.ts';
import { commonSections } from '@tcxflow/common/config.ts';
import { startClickHouse } from '@tcxflow/embedded/clickhouse.ts';
import { recordingLog, removeFolder, skipWithout, temporaryFolder } from '@tcxflow/embedded/testing/engines.ts';
import { flowCodec, topicNames } from '@tcxflow/schemas/topics.ts';
import { type BlockFormat, blockFormats } from '@tcxflow/writer/block-formats.ts';
import { insertBlock } from '@tcxflow/writer/insert.ts';
import { migrate } from '@tcxflow/writer/migrations.ts';
import { makeFlows } from '../support/flows.ts';

const tables = ['flows', 'flows_1m', 'flows_5m', 'flows_1h', 'flows_1d', 'flows_prefixes_1h'];

test('a block that is repeated across a restart of ClickHouse counts once in every rollup', {
  ...skipWithout('clickhouse'),
}, async (t) => {
  const dataDir = temporaryFolder();
  const log = recordingLog();
  let server = await startClickHouse({ dataDir, log, httpPort: 0 });
  t.after(async () => {
    await server.stop();
    removeFolder(dataDir);
  });
  const connect = () => {
    const { url, username, password } = server;
    return createClickHouse({ ...commonSections.clickhouse.parse({}), url, username, password });
  };
  const flows = makeFlows(200, Math.floor(Date.now() / 60_000) * 60_000);
  const { tables: formats, read } = blockFormats[topicNames.flows] as BlockFormat;
  const [format] = formats as [BlockFormat['tables'][0]];
  const body = format.join(
    flows.flatMap((flow, offset) =>
      read(flowCodec.encode(flow), { partition: 0, offset, timestampMs: 0 }).map(({ part }) => part),
    ),
  );
  const insert = (client: ReturnType<typeof connect>) =>
    insertBlock(client, { table: format.table, format: format.format, body, token: 'a-block' });

  let client = connect();
  await migrate(client);
  await insert(client);
  await client.close();
  await server.stop();
  server = await startClickHouse({ dataDir, log, httpPort: 0 });
  client = connect();
  await insert(client);
  const samples = flows.reduce((sum, flow) => sum + flow.samples, 0);
  for (const table of tables) {
    const query = `SELECT toFloat64(sum(samples)) AS samples FROM ${table}`;
    const result = await client.query({ query, format: 'JSONEachRow' });
    assert.deepEqual(await result.json(), [{ samples }], table);
  }
  await client.close();
});
