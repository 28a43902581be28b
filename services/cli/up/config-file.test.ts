import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { aggregateSchema } from '@tcxflow/aggregate/config.ts';
import { captureSchema } from '@tcxflow/capture/config.ts';
import { commonSections, loadConfig } from '@tcxflow/common/config.ts';
import { decodeSchema } from '@tcxflow/decode/config.ts';
import { sflowSchema } from '@tcxflow/sflow/config.ts';
import { receiverSchema } from '@tcxflow/sflow/receiver/config.ts';
import { writerSchema } from '@tcxflow/writer/config.ts';
import { services } from '../services.ts';
import { writeConfigFile } from './config-file.ts';
import type { Engines } from './engines.ts';

const schemas = {
  capture: captureSchema,
  decode: decodeSchema,
  aggregate: aggregateSchema,
  writer: writerSchema,
  sflow: sflowSchema,
  receiver: receiverSchema,
};

const engines: Engines = {
  kafka: commonSections.kafka.parse({
    brokers: ['127.0.0.1:19092', '127.0.0.1:19093'],
    partitions: 7,
    compression: 'gzip',
  }),
  clickhouse: commonSections.clickhouse.parse({
    url: 'http://127.0.0.1:18123',
    database: 'flows',
    username: 'writer',
    password: '00123: #"\'\\e5',
  }),
  stop: async () => undefined,
};

const pipeline = {
  agent: 'yes',
  interfaces: [
    { match: 'eth*', netns: 'lab', rate: 10 },
    { match: '*', rate: 100 },
  ],
  collectors: ['127.0.0.1:6343', '[::1]:6343'],
  windowMs: 10_000,
};

function dataDir(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'tcxflow-config-'));
  t.after(() => rmSync(path, { recursive: true }));
  return join(path, 'data', 'new');
}

test('what it writes is valid for every service', (t) => {
  const file = writeConfigFile(dataDir(t), engines, pipeline);
  assert.deepEqual(Object.keys(schemas).sort(), Object.keys(services).sort());
  for (const schema of Object.values(schemas)) loadConfig(schema, { file, env: {} });
});

test('services find the engines and the pipeline in it, passwords with odd characters too', (t) => {
  const file = writeConfigFile(dataDir(t), engines, pipeline);
  const capture = loadConfig(captureSchema, { file, env: {} });
  assert.partialDeepStrictEqual(capture.kafka, { brokers: engines.kafka.brokers, partitions: 7, compression: 'gzip' });
  const { url, database, username, password } = engines.clickhouse;
  assert.partialDeepStrictEqual(capture.clickhouse, { url, database, username, password });
  assert.equal(capture.capture.agent, 'yes');
  assert.deepEqual(
    capture.capture.interfaces.map(({ match, netns, rate }) => [match, netns, rate]),
    [
      ['eth*', 'lab', 10],
      ['*', undefined, 100],
    ],
  );
  assert.equal(loadConfig(aggregateSchema, { file, env: {} }).aggregate.windowMs, 10_000);
  assert.deepEqual(loadConfig(sflowSchema, { file, env: {} }).sflow.collectors, pipeline.collectors);
});

test('only its owner may read it, as it holds a password', (t) => {
  const file = writeConfigFile(dataDir(t), engines, pipeline);
  assert.match(readFileSync(file, 'utf8'), /password/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});
