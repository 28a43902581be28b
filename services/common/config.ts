// One YAML file with a section per service; environment variables override it. Keys are snake_case in the file and
// camelCase in code. TCXFLOW_KAFKA__BROKERS=a:9092,b:9092 sets kafka.brokers.

import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { ConfigError } from './errors.ts';

const port = z.int().min(0).max(65535);

const kafkaSection = z
  .strictObject({
    brokers: z
      .array(z.string().regex(/^.+:\d+$/, 'host:port'))
      .min(1)
      .default(['127.0.0.1:9092'])
      .describe('host:port of one or more brokers.'),
    partitions: z
      .int()
      .min(1)
      .max(10_000)
      .default(4)
      .describe('Used when a topic is created; an existing topic keeps its own.'),
    replicationFactor: z.int().min(1).max(10).default(1).describe('Used when a topic is created.'),
    compression: z.enum(['none', 'gzip', 'zstd']).default('zstd').describe('Of what is produced.'),
    sessionTimeoutMs: z
      .int()
      .min(6000)
      .max(1_800_000)
      .default(30_000)
      .describe('A worker that was killed is replaced after this; one that is silent for longer is taken for dead.'),
  })
  .prefault({});

const clickhouseSection = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .default('http://127.0.0.1:8123')
      .describe('HTTP interface.'),
    database: z.string().regex(/^\w+$/).default('tcxflow').describe('Holds the tables; it must exist.'),
    username: z.string().default('default').describe('User of the services.'),
    password: z.string().default('').describe('Never shown by --dump.'),
    requestTimeoutMs: z.int().min(100).default(30_000).describe('Of one query or insert.'),
  })
  .prefault({});

const logSection = z
  .strictObject({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error'])
      .default('info')
      .describe('Least serious level that is written.'),
    format: z.enum(['auto', 'json', 'pretty']).default('auto').describe('auto: pretty on a terminal, JSON otherwise.'),
  })
  .prefault({});

const httpSection = z
  .strictObject({
    host: z.string().default('127.0.0.1').describe('/metrics, /healthz and /readyz listen here.'),
    port: port.default(0).describe('0 = any free port.'),
  })
  .prefault({});

const shutdownSection = z
  .strictObject({ deadlineMs: z.int().min(100).default(15_000).describe('For draining, flushing and committing.') })
  .prefault({});

/** Sections that every service has. */
export const commonSections = {
  kafka: kafkaSection,
  clickhouse: clickhouseSection,
  log: logSection,
  http: httpSection,
  shutdown: shutdownSection,
};

export type CommonConfig = { [K in keyof typeof commonSections]: z.output<(typeof commonSections)[K]> };
export type KafkaConfig = CommonConfig['kafka'];
export type ClickHouseConfig = CommonConfig['clickhouse'];

/** Sections of other services are let be: one file serves all. */
const serviceNames = ['capture', 'decode', 'aggregate', 'writer', 'sflow'] as const;

/** The schema of a service's whole configuration. */
export function serviceSchema<Name extends string, Section extends z.ZodType>(name: Name, section: Section) {
  const others = Object.fromEntries(serviceNames.map((other) => [other, z.unknown().optional()]));
  return z.strictObject({ ...others, ...commonSections, [name]: section } as typeof commonSections & {
    [K in Name]: Section;
  });
}

export interface ConfigSources {
  /** Path of a YAML file. */
  file?: string | undefined;
  env?: NodeJS.ProcessEnv;
}

/**
 * Reads, merges and validates.
 * @throws {ConfigError} naming the key, the value and what would be accepted
 */
export function loadConfig<Schema extends z.ZodType>(schema: Schema, sources: ConfigSources): z.output<Schema> {
  const input = sources.file ? readFile(sources.file) : {};
  applyEnvironment(input, sources.env ?? process.env);
  const result = schema.safeParse(camelKeys(input), { reportInput: true });
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => describeIssue(issue));
  throw new ConfigError(
    `configuration is not valid${sources.file ? ` (${sources.file})` : ''}:\n  ${lines.join('\n  ')}`,
    {
      hint: 'keys, defaults and accepted values: docs/reference/configuration.md',
    },
  );
}

/** The effective configuration as YAML, secrets left out. */
export function dumpConfig(config: unknown): string {
  return stringify(
    JSON.parse(
      JSON.stringify(config, (key, value) => (/password|secret/i.test(key) && value ? '***' : value)),
      (_, v) =>
        v && typeof v === 'object' && !Array.isArray(v)
          ? Object.fromEntries(Object.entries(v).map(([key, value]) => [snakeKey(key), value]))
          : v,
    ),
  );
}

function readFile(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(`configuration file ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  try {
    const value: unknown = parse(text) ?? {};
    if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (cause) {
    throw new ConfigError(`configuration file ${path} is not YAML: ${(cause as Error).message}`, { cause });
  }
  throw new ConfigError(`configuration file ${path} must be a map of sections`);
}

/** Variables are TCXFLOW_SECTION__KEY; a value is read as YAML, and a list may be written with commas. */
function applyEnvironment(config: Record<string, unknown>, env: NodeJS.ProcessEnv): void {
  for (const [name, text] of Object.entries(env)) {
    const match = /^TCXFLOW_([A-Z0-9]+)__([A-Z0-9_]+)$/.exec(name);
    if (!match || text === undefined) continue;
    const [section, key] = [match[1] as string, match[2] as string].map((part) => part.toLowerCase()) as [
      string,
      string,
    ];
    const existing = config[section];
    const target = (typeof existing === 'object' && existing !== null ? existing : {}) as Record<string, unknown>;
    config[section] = target;
    target[key] = key === 'brokers' || key === 'collectors' ? text.split(',') : key === 'password' ? text : parse(text);
  }
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const path = issue.path.map((part) => (typeof part === 'string' ? snakeKey(part) : String(part))).join('.');
  if (issue.code === 'unrecognized_keys')
    return `${[path, ''].join(path ? '.' : '')}${issue.keys.map(snakeKey).join(', ')}: no such key`;
  const value = 'input' in issue ? ` is ${JSON.stringify(issue.input)}` : '';
  return `${path}${value}: ${issue.message}`;
}

function camelKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelKeys);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase()),
      camelKeys(inner),
    ]),
  );
}

/** ringBytes → ring_bytes */
export function snakeKey(key: string): string {
  return key.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
}
