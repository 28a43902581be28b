import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createClient } from '@clickhouse/client';
import { type EmbeddedClickHouse, startClickHouse } from './clickhouse.ts';
import { type EmbeddedKafka, startKafka } from './kafka.ts';
import {
  connect,
  processesIn,
  readMessages,
  recordingLog,
  removeFolder,
  skipWithout,
  temporaryFolder,
} from './testing/engines.ts';

const parent = fileURLToPath(new URL('./testing/parent.ts', import.meta.url));

describe('after kill -9', skipWithout('kafka', 'clickhouse'), () => {
  const dataDir = temporaryFolder();
  const log = recordingLog();
  let kafka: EmbeddedKafka | undefined;
  let clickhouse: EmbeddedClickHouse | undefined;

  after(async () => {
    await Promise.all([kafka?.stop(), clickhouse?.stop()]);
    removeFolder(dataDir);
  });

  async function startBoth(): Promise<void> {
    [kafka, clickhouse] = await Promise.all([
      startKafka({ dataDir, log, port: 0 }),
      startClickHouse({ dataDir, log, httpPort: 0 }),
    ]);
  }

  async function store(brokers: string[], server: { url: string; username: string; password: string }): Promise<void> {
    const client = connect(brokers);
    const admin = client.admin();
    const producer = client.producer({ idempotent: true });
    const sql = createClient({ ...server, database: 'tcxflow' });
    await Promise.all([admin.connect(), producer.connect()]);
    await admin.createTopics({ topics: [{ topic: 'kept' }], waitForLeaders: true });
    await producer.send({ topic: 'kept', messages: [{ value: 'a' }, { value: 'b' }] });
    await sql.command({ query: 'CREATE TABLE kept (n UInt64) ENGINE = MergeTree ORDER BY n' });
    await sql.insert({ table: 'kept', values: [{ n: 40 }, { n: 2 }], format: 'JSONEachRow' });
    await Promise.all([admin.disconnect(), producer.disconnect(), sql.close()]);
  }

  async function assertKept(context: Parameters<typeof readMessages>[3]): Promise<void> {
    assert.deepEqual(await readMessages(connect(kafka?.brokers ?? []), 'kept', 2, context), ['a', 'b']);
    const sql = createClient(clickhouse ?? {});
    const result = await sql.query({ query: 'SELECT sum(n) AS n FROM kept', format: 'JSONEachRow' });
    assert.deepEqual(await result.json(), [{ n: 42 }]);
    await sql.close();
  }

  /** Another process starts both, stores something if asked to, and is killed. */
  async function killParent(fill: boolean): Promise<void> {
    const child = spawn(process.execPath, [parent, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const { brokers, ...server } = JSON.parse(line);
    if (fill) await store(brokers, server);
    assert.ok(processesIn(dataDir).length >= 5, 'the parent, two tethers and two engines run');
    child.kill('SIGKILL');
  }

  async function assertAllGoneWithin(milliseconds: number): Promise<void> {
    for (const until = Date.now() + milliseconds; processesIn(dataDir).length > 0 && Date.now() < until; )
      await sleep(50);
    assert.deepEqual(processesIn(dataDir), []);
  }

  test('of the process that started them, both engines are gone within 5 s', async () => {
    await killParent(true);
    await assertAllGoneWithin(5000);
  });

  test('of the process that started them, a start at once ends what is left of the engines', async () => {
    await killParent(false);
    await startBoth();
    await Promise.all([kafka?.stop(), clickhouse?.stop()]);
    await assertAllGoneWithin(0);
  });

  test('of the process that started them, the next start has all that was acknowledged', async (context) => {
    await startBoth();
    await assertKept(context);
  });

  test('of the engines themselves, it is reported, and the next start has all that was acknowledged', async (context) => {
    for (const engine of [kafka, clickhouse]) {
      process.kill(engine?.pid ?? Number.NaN, 'SIGKILL');
      assert.equal(await engine?.exited, 'signal 9');
    }
    await sleep(10);
    assert.ok(log.lines.includes('error: kafka: ended unexpectedly'), log.lines.join('\n'));
    assert.ok(log.lines.includes('error: clickhouse: ended unexpectedly'), log.lines.join('\n'));
    await startBoth();
    await assertKept(context);
  });

  test('of a tether, its engine goes too', async () => {
    const tethers = processesIn(dataDir).filter((line) => line.includes('tether.sh'));
    for (const line of tethers) process.kill(Number(line.split(' ')[0]), 'SIGKILL');
    await Promise.all([kafka?.exited, clickhouse?.exited]);
    await assertAllGoneWithin(5000);
  });
});
