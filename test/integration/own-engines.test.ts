// With addresses in a configuration the same services use the Kafka and ClickHouse that are there already.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startClickHouse } from '@tcxflow/embedded/clickhouse.ts';
import { startKafka } from '@tcxflow/embedded/kafka.ts';
import { recordingLog } from '@tcxflow/embedded/testing/engines.ts';
import { needsRoot } from '../support/require-root.ts';
import { makeDataDir, startUp, tcxflow } from '../support/up.ts';

const skip = needsRoot();

test('migrate, up and sql work on engines that somebody else runs', { skip }, async (t) => {
  const folder = makeDataDir(t);
  const log = recordingLog();
  const [kafka, clickhouse] = await Promise.all([
    startKafka({ dataDir: folder, log, port: 0 }),
    startClickHouse({ dataDir: folder, log, httpPort: 0 }),
  ]);
  t.after(() => Promise.all([kafka.stop(), clickhouse.stop()]));
  const config = join(folder, 'mine.yaml');
  writeFileSync(
    config,
    `kafka:\n  brokers: [${kafka.brokers}]\n  partitions: 3\n` +
      `clickhouse:\n  url: ${clickhouse.url}\n  username: ${clickhouse.username}\n  password: ${clickhouse.password}\n`,
  );
  const run = (...args: string[]) =>
    execFileSync(process.execPath, [tcxflow, ...args, '--config', config], { encoding: 'utf8' });
  assert.match(run('migrate', '--dry-run'), /would apply 001_flows/);
  assert.match(run('migrate'), /^applied 001_flows/);
  assert.equal(run('migrate'), 'the schema is up to date\n');

  const up = startUp(t, ['--config', config, '--seconds', '5', '--rate', '1', '--report', 'json']);
  const report = await up.report();
  assert.match(up.said(), new RegExp(`using Kafka at ${kafka.brokers} and ClickHouse at ${clickhouse.url}`));
  assert.equal(report.clickhouse.bytes, report.truth?.bytes);
  assert.equal(report.ledgerBalance, 0);
  assert.equal(Number(run('sql', '-f', 'TSV', 'SELECT sum(samples) FROM flows')), report.selected);
});

test('up samples an interface of this machine that was asked for', { skip }, async (t) => {
  const up = startUp(t, ['--interface', 'lo', '--rate', '20', '--window', '2', '--seconds', '6', '--report', 'json']);
  await up.until(/sampling {5}lo at 1:20/);
  execFileSync('ping', ['-q', '-c', '40', '-i', '0.05', '127.0.0.1']);
  const report = await up.report();
  assert.equal(report.truth, null);
  assert.ok(report.seen.packets > 80, 'each echo and each reply passes twice: out and in');
  assert.ok(report.clickhouse.samples > 0);
  assert.equal(report.ledgerBalance, 0);
});
