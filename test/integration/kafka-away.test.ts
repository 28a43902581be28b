// Kafka goes away while packets pass, is frozen, and comes back: what was sampled meanwhile waits on disk.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startClickHouse } from '@tcxflow/embedded/clickhouse.ts';
import { type EmbeddedKafka, startKafka } from '@tcxflow/embedded/kafka.ts';
import { recordingLog } from '@tcxflow/embedded/testing/engines.ts';
import { needsRoot } from '../support/require-root.ts';
import { findPids, makeDataDir, servicePid, startUp } from '../support/up.ts';

const skip = needsRoot();

/** Engines of the test's own, so that it may stop them. */
async function startEngines(t: TestContext) {
  const folder = makeDataDir(t);
  const log = recordingLog();
  const clickhouse = await startClickHouse({ dataDir: folder, log, httpPort: 0 });
  t.after(() => clickhouse.stop());
  let kafka: EmbeddedKafka = await startKafka({ dataDir: folder, log, port: 0 });
  t.after(() => kafka.stop());
  const port = Number(kafka.brokers[0]?.split(':')[1]);
  const config = join(folder, 'mine.yaml');
  writeFileSync(
    config,
    `kafka:\n  brokers: [${kafka.brokers}]\n  session_timeout_ms: 10000\n` +
      `clickhouse:\n  url: ${clickhouse.url}\n  username: ${clickhouse.username}\n  password: ${clickhouse.password}\n`,
  );
  return {
    config,
    stopKafka: () => kafka.stop(),
    async startKafka() {
      kafka = await startKafka({ dataDir: folder, log, port });
      assert.deepEqual(kafka.brokers, [`127.0.0.1:${port}`]);
    },
  };
}

test('a broker that is stopped for a while and started again costs nothing', { skip }, async (t) => {
  const engines = await startEngines(t);
  const run = startUp(t, ['--config', engines.config, '--seconds', '18', '--rate', '1', '--report', 'json']);
  await run.until(/traffic {6}runs/);
  await sleep(4000);
  await engines.stopKafka();
  await sleep(4000);
  await engines.startKafka();
  const report = await run.report();
  assert.deepEqual({ packets: report.clickhouse.packets, bytes: report.clickhouse.bytes }, report.truth);
  assert.equal(report.clickhouse.samples, report.selected);
  assert.equal(report.ledgerBalance, 0);
});

test('a broker that is frozen for a while costs nothing', { skip }, async (t) => {
  const run = startUp(t, ['--seconds', '20', '--rate', '1', '--report', 'json']);
  await run.until(/traffic {6}runs/);
  await sleep(3000);
  const pids = findPids('kafka.Kafka', run.dataDir, '-Xmx512m').filter((pid) => !findPids('tether.sh').includes(pid));
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  await sleep(6000);
  for (const pid of pids) process.kill(pid, 'SIGCONT');
  const report = await run.report();
  assert.deepEqual({ packets: report.clickhouse.packets, bytes: report.clickhouse.bytes }, report.truth);
  assert.equal(report.ledgerBalance, 0);
});

test('what capture had on disk when it was killed is delivered by its next start', { skip }, async (t) => {
  const engines = await startEngines(t);
  const run = startUp(t, ['--config', engines.config, '--seconds', '20', '--rate', '1', '--report', 'json']);
  await run.until(/traffic {6}runs/);
  await sleep(3000);
  await engines.stopKafka();
  await sleep(4000);
  process.kill(servicePid(run, 'capture'), 'SIGKILL');
  await engines.startKafka();
  const report = await run.report();
  // The counters of the killed process are gone; the packets of its last moments too. But not those of the 4 s before.
  const [stored = 0, truth = 0] = [report.clickhouse.packets, report.truth?.packets];
  assert.ok(stored <= truth, `${stored} of ${truth}: nothing twice`);
  assert.ok(stored > truth * 0.75, `${stored} of ${truth}: the spool arrived`);
  assert.match(run.said(), /capture ended with a signal; starting it again/);
});
