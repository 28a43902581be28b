import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { z } from 'zod';
import { aggregateSchema } from '../aggregate/config.ts';
import { captureSchema } from '../capture/config.ts';
import { decodeSchema } from '../decode/config.ts';
import { sflowSchema } from '../sflow/config.ts';
import { writerSchema } from '../writer/config.ts';
import { type CommonConfig, type ConfigSources, dumpConfig, loadConfig, serviceSchema } from './config.ts';
import { ConfigError } from './errors.ts';

/** A service of which this file is the configuration. */
const schema = serviceSchema(
  'decode',
  z
    .strictObject({
      collectors: z.array(z.string()).default([]),
      maxAgeMs: z.int().min(1000).default(10_000),
      apiSecret: z.string().default(''),
      rules: z.array(z.strictObject({ headerBytes: z.int() })).default([]),
    })
    .prefault({}),
);

const folder = mkdtempSync(join(tmpdir(), 'tcxflow-config-'));
after(() => rmSync(folder, { recursive: true }));

function yaml(text: string): string {
  const file = join(folder, 'config.yaml');
  writeFileSync(file, text);
  return file;
}

/** What loadConfig says of a configuration that it refuses. */
function refusal(sources: ConfigSources): string {
  try {
    loadConfig(schema, { env: {}, ...sources });
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual([error.name, error.code, error.exitCode], ['ConfigError', 'CONFIG', 2]);
    return error.message;
  }
  assert.fail('it was accepted');
}

test('the defaults of every service are valid', () => {
  const schemas: z.ZodType<CommonConfig>[] = [aggregateSchema, captureSchema, decodeSchema, sflowSchema, writerSchema];
  for (const each of schemas) assert.equal(loadConfig(each, { env: {} }).clickhouse.url, 'http://127.0.0.1:8123');
});

test('without a file and variables everything has its default', () => {
  const { kafka, decode, log } = loadConfig(schema, { env: {} });
  assert.deepEqual([kafka.brokers, kafka.compression, log.level], [['127.0.0.1:9092'], 'zstd', 'info']);
  assert.deepEqual(decode, { collectors: [], maxAgeMs: 10_000, apiSecret: '', rules: [] });
});

test('the file is in snake_case, also within lists; an empty one is all defaults', () => {
  const file = yaml(`
    kafka: { brokers: ["a:9092", "[::1]:9092"], replication_factor: 3 }
    decode:
      max_age_ms: 2000
      rules: [{ header_bytes: 64 }]
  `);
  const { kafka, decode } = loadConfig(schema, { file, env: {} });
  assert.deepEqual([kafka.brokers, kafka.replicationFactor], [['a:9092', '[::1]:9092'], 3]);
  assert.deepEqual([decode.maxAgeMs, decode.rules], [2000, [{ headerBytes: 64 }]]);
  for (const empty of ['', '# nothing\n'])
    assert.deepEqual(loadConfig(schema, { file: yaml(empty), env: {} }), loadConfig(schema, { env: {} }));
});

test('variables override the file key by key', () => {
  const file = yaml('kafka: { partitions: 8, compression: none }\ndecode: { max_age_ms: 2000 }');
  const env = {
    TCXFLOW_KAFKA__PARTITIONS: '16',
    TCXFLOW_KAFKA__BROKERS: 'a:9092,b:9092',
    TCXFLOW_DECODE__COLLECTORS: 'c:6343',
    TCXFLOW_DECODE__RULES: '[{ header_bytes: 256 }]',
    TCXFLOW_CLICKHOUSE__PASSWORD: '0123: #x',
    TCXFLOW_PARENT: 'stdin', // no section: not configuration
    PATH: '/bin',
  };
  const { kafka, decode, clickhouse } = loadConfig(schema, { file, env });
  assert.deepEqual([kafka.partitions, kafka.compression, kafka.brokers], [16, 'none', ['a:9092', 'b:9092']]);
  assert.deepEqual([decode.maxAgeMs, decode.collectors, decode.rules], [2000, ['c:6343'], [{ headerBytes: 256 }]]);
  assert.equal(clickhouse.password, '0123: #x');
});

test('an unknown key is refused by the name that the file has', () => {
  const file = yaml('kafka: { partition_count: 3, broker: "a:1" }\ndecode: { rules: [{ header_bytes: 64, rate: 1 }] }');
  assert.equal(
    refusal({ file }),
    `configuration is not valid (${file}):\n  decode.rules.0.rate: no such key\n  kafka.partition_count, broker: no such key`,
  );
  assert.match(refusal({ env: { TCXFLOW_KAFKA__PARTITION: '3' } }), /^ {2}kafka\.partition: no such key$/m);
});

test('a wrong value is refused with its key, what it is and what would be accepted', () => {
  const file = yaml(`
    kafka: { partitions: 0, compression: lz4, brokers: [nine] }
    http: { port: 70000 }
    clickhouse: { request_timeout_ms: 5s }
    decode: { rules: [{ header_bytes: 1.5 }] }
  `);
  assert.deepEqual(refusal({ file }).split('\n').slice(1).sort(), [
    '  clickhouse.request_timeout_ms is "5s": Invalid input: expected number, received string',
    '  decode.rules.0.header_bytes is 1.5: Invalid input: expected int, received number',
    '  http.port is 70000: Too big: expected number to be <=65535',
    '  kafka.brokers.0 is "nine": host:port',
    '  kafka.compression is "lz4": Invalid option: expected one of "none"|"gzip"|"zstd"',
    '  kafka.partitions is 0: Too small: expected number to be >=1',
  ]);
  assert.match(refusal({ env: { TCXFLOW_LOG__LEVEL: 'loud' } }), /log\.level is "loud": .* "trace"\|"debug"/);
});

test('sections of other services are let be, other sections are refused', () => {
  const file = yaml('capture: { anything: 1 }\nwriter: [2]\nsflow: 3\naggregate: { window_ms: x }');
  assert.equal(loadConfig(schema, { file, env: { TCXFLOW_SFLOW__X: '1' } }).kafka.partitions, 4);
  assert.match(refusal({ file: yaml('decoder: {}\nkafka: {}') }), /^ {2}decoder: no such key$/m);
  assert.match(refusal({ env: { TCXFLOW_DECODER__X: '1' } }), /^ {2}decoder: no such key$/m);
});

test('a file that is missing, no YAML or no map is refused by its name', () => {
  assert.match(refusal({ file: join(folder, 'missing.yaml') }), /missing\.yaml cannot be read: ENOENT/);
  assert.match(refusal({ file: folder }), /cannot be read: EISDIR/);
  assert.match(refusal({ file: yaml('kafka: [') }), /config\.yaml is not YAML: .* at line 1/s);
  for (const text of ['- kafka', '5', 'kafka'])
    assert.match(refusal({ file: yaml(text) }), /config\.yaml must be a map of sections/);
});

test('the dump hides secrets, and loads again', () => {
  const env = {
    TCXFLOW_CLICKHOUSE__PASSWORD: 'hunter2',
    TCXFLOW_DECODE__API_SECRET: 'hunter3',
    TCXFLOW_DECODE__RULES: '[{ header_bytes: 64 }]',
  };
  const config = loadConfig(schema, { env });
  const dump = dumpConfig(config);
  assert.doesNotMatch(dump, /hunter/);
  assert.match(dump, /^ {2}password: "\*\*\*"$/m);
  assert.match(dump, /^ {2}request_timeout_ms: 30000$/m);
  const again = loadConfig(schema, { file: yaml(dump), env: {} });
  assert.deepEqual(again, {
    ...config,
    clickhouse: { ...config.clickhouse, password: '***' },
    decode: { ...config.decode, apiSecret: '***' },
  });
});

test('a secret that is not set is shown as not set', () => {
  assert.match(dumpConfig(loadConfig(schema, { env: {} })), /^ {2}password: ""$/m);
});

test('a section with everything in it commented out is an empty one', () => {
  const file = yaml('kafka:\n  # brokers: [a:9092]\n');
  assert.deepEqual(loadConfig(schema, { file, env: {} }).kafka.brokers, ['127.0.0.1:9092']);
});

test('names that look like numbers stay text, and what is not YAML is refused by name', () => {
  const { clickhouse } = loadConfig(schema, { env: { TCXFLOW_CLICKHOUSE__USERNAME: '0123' } });
  assert.equal(clickhouse.username, '0123');
  assert.throws(() => loadConfig(schema, { env: { TCXFLOW_LOG__LEVEL: '"x' } }), /log\.level is "\\"x"/);
});

test('neither an error nor the dump shows a password, in a key or in a URL', () => {
  const file = yaml('clickhouse:\n  password: 1234\n');
  assert.throws(() => loadConfig(schema, { file, env: {} }), /clickhouse\.password is \*\*\*/);
  const dump = dumpConfig(loadConfig(schema, { env: { TCXFLOW_CLICKHOUSE__URL: 'http://me:hunter2@host:8123' } }));
  assert.match(dump, /url: http:\/\/\*\*\*@host:8123/);
});
