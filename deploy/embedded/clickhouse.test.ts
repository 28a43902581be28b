import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createClient } from '@clickhouse/client';
import { type ClickHouseUser, type EmbeddedClickHouse, startClickHouse } from './clickhouse.ts';
import { processesIn, recordingLog, removeFolder, skipWithout, temporaryFolder } from './testing/engines.ts';

describe('the embedded ClickHouse', skipWithout('clickhouse'), () => {
  const dataDir = temporaryFolder();
  const log = recordingLog();
  const blocker = createServer();
  let taken = 0;
  let clickhouse: EmbeddedClickHouse;

  /** @returns the answer, or the error's code and text */
  async function ask(query: string, user?: Partial<ClickHouseUser>, parameters = ''): Promise<string> {
    const headers = { 'X-ClickHouse-User': user?.username ?? '', 'X-ClickHouse-Key': user?.password ?? '' };
    const request = { method: 'POST', body: query, ...(user ? { headers } : {}) };
    return (await (await fetch(`${clickhouse.url}/?${parameters}`, request)).text()).trim();
  }

  before(async () => {
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    taken = (blocker.address() as { port: number }).port;
    clickhouse = await startClickHouse({ dataDir, log, httpPort: taken });
  });
  after(async () => {
    await clickhouse?.stop();
    blocker.close();
    removeFolder(dataDir);
  });

  test('chooses another port when the wanted one is taken, and says so', () => {
    assert.notEqual(clickhouse.url, `http://127.0.0.1:${taken}`);
    assert.ok(log.lines.includes('info: clickhouse: port is taken, using another'), log.lines.join('\n'));
  });

  test('creates tables and a rollup, inserts and selects through @clickhouse/client', async (context) => {
    const client = createClient(clickhouse);
    context.after(() => client.close());
    await client.command({ query: 'CREATE TABLE t (k String, n UInt64) ENGINE = MergeTree ORDER BY k' });
    await client.command({ query: 'CREATE TABLE r (k String, n UInt64) ENGINE = SummingMergeTree ORDER BY k' });
    await client.command({ query: 'CREATE MATERIALIZED VIEW v TO r AS SELECT k, sum(n) AS n FROM t GROUP BY k' });
    const rows = [1, 2, 3].map((n) => ({ k: 'a', n }));
    await client.insert({ table: 't', values: rows, format: 'JSONEachRow' });
    const result = await client.query({ query: 'SELECT sum(n) AS n FROM r', format: 'JSONEachRow' });
    assert.deepEqual(await result.json(), [{ n: 6 }]);
  });

  test('refuses a wrong password, no user, and the engine’s own user', async () => {
    assert.match(await ask('SELECT 1', { username: 'tcxflow', password: 'wrong' }), /^Code: 516/);
    assert.match(await ask('SELECT 1', { username: 'tcxflow' }), /^Code: 516/);
    assert.match(await ask('SELECT 1', { username: 'analyst', password: 'wrong' }), /^Code: 516/);
    assert.match(await ask('SELECT 1', { username: 'default', password: 'x' }), /^Code: (516|700)/);
    assert.match(await ask('SELECT 1', { username: 'default' }), /^Code: 700/);
    assert.match(await ask('SELECT 1'), /^Code: 700/);
    for (const parameters of ['session_id=s', 'max_sessions_for_user=9', 'max_sessions_for_user=0', 'user=default'])
      assert.match(await ask('SELECT 1', undefined, parameters), /^Code: (700|452|164)/, parameters);
  });

  test('denies files, URLs, other databases and file tables to both users', async () => {
    const { tcxflow, analyst } = clickhouse.users;
    const secret = `${dataDir}/secret.csv`;
    writeFileSync(secret, 'secret\n');
    for (const user of [tcxflow, analyst]) {
      assert.match(await ask(`SELECT * FROM file('${secret}', 'LineAsString')`, user), /^Code: 497.*READ ON FILE/);
      assert.match(await ask(`SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')`, user), /^Code: 497/);
      assert.match(await ask('CREATE DATABASE other', user), /^Code: 497/);
    }
    assert.match(
      await ask(`INSERT INTO FUNCTION file('${secret}', 'CSV', 'a String') VALUES ('x')`, tcxflow),
      /^Code: 497/,
    );
    assert.match(await ask('CREATE TABLE f (a String) ENGINE = File(CSV)', tcxflow, 'database=tcxflow'), /^Code: 497/);
  });

  test('lets the analyst read the flows within limits that cannot be lifted, and nothing more', async () => {
    const { analyst } = clickhouse.users;
    assert.equal(await ask('SELECT count() FROM tcxflow.t', analyst), '3');
    assert.equal(await ask('SELECT 1 SETTINGS max_threads = 1, max_execution_time = 5', analyst), '1');
    for (const setting of [
      'max_execution_time = 0',
      'max_execution_time = 999',
      'max_memory_usage = 0',
      'readonly = 0',
    ])
      assert.match(await ask(`SELECT 1 SETTINGS ${setting}`, analyst), /^Code: (452|164)/, setting);
    for (const query of ['INSERT INTO tcxflow.t VALUES (1, 1)', 'DROP TABLE tcxflow.t', 'SELECT * FROM system.users'])
      assert.match(await ask(query, analyst), /^Code: 497/, query);
  });

  test('keeps the passwords to the owner of the folder', () => {
    for (const file of ['passwords.json', 'users.xml', 'config.xml'])
      assert.equal(statSync(`${dataDir}/clickhouse/${file}`).mode & 0o777, 0o600, file);
  });

  test('stop leaves no process; the next start has the same password and the rows', async () => {
    const first = clickhouse;
    await first.stop();
    assert.deepEqual(processesIn(dataDir), []);
    clickhouse = await startClickHouse({ dataDir, log, httpPort: 0 });
    assert.equal(clickhouse.password, first.password);
    assert.equal(await ask('SELECT sum(n) FROM tcxflow.r', clickhouse), '6');
  });

  test('a start that fails quotes what ClickHouse said', async () => {
    await clickhouse.stop();
    writeFileSync(`${dataDir}/clickhouse/data/metadata/tcxflow/t.sql`, 'ATTACH nonsense');
    await assert.rejects(startClickHouse({ dataDir, log, httpPort: 0 }), (error: Error & { code: string }) => {
      assert.equal(error.code, 'EMBEDDED_START');
      assert.match(error.message, /ended at start.*\n[\s\S]*(SYNTAX_ERROR|Syntax error)/);
      return true;
    });
    assert.deepEqual(processesIn(dataDir), []);
  });
});
