import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startClickHouse } from './clickhouse.ts';
import { startKafka } from './kafka.ts';
import { recordingLog, removeFolder, temporaryFolder } from './testing/engines.ts';

function withEnvironment(context: { after(restore: () => void): void }, changes: Record<string, string>): void {
  const before = { ...process.env };
  Object.assign(process.env, changes);
  context.after(() => {
    for (const name of Object.keys(changes)) delete process.env[name];
    Object.assign(process.env, before);
  });
}

test('without Java, Kafka’s error says what installs it and what does without', async (context) => {
  const dataDir = temporaryFolder();
  context.after(() => removeFolder(dataDir));
  withEnvironment(context, { PATH: '', JAVA_HOME: '' });
  await assert.rejects(
    startKafka({ dataDir, log: recordingLog() }),
    (error: Error & { code: string; hint: string }) => {
      assert.equal(error.code, 'EMBEDDED_MISSING');
      assert.match(error.hint, /npm run setup.*kafka\.brokers/);
      return true;
    },
  );
});

test('without chdb’s library, ClickHouse’s error says what installs it and what does without', async (context) => {
  const dataDir = temporaryFolder();
  context.after(() => removeFolder(dataDir));
  withEnvironment(context, { CHDB_LIBCHDB_PATH: `${dataDir}/not-there.so` });
  await assert.rejects(
    startClickHouse({ dataDir, log: recordingLog() }),
    (error: Error & { code: string; hint: string }) => {
      assert.equal(error.code, 'EMBEDDED_MISSING');
      assert.match(error.hint, /omit=optional.*clickhouse\.url/);
      return true;
    },
  );
});
