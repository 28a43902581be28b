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
      .max(128)
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
    cluster: z
      .string()
      .regex(/^[\w.-]*$/)
      .default('')
      .describe(
        'A name of `system.clusters`: the tables are then replicated, and distributed over its shards. Empty: plain tables.',
      ),
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
const serviceNames = ['capture', 'decode', 'aggregate', 'writer', 'sflow', 'receiver'] as const;

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
  const input = camelKeys(sources.file ? readFile(sources.file) : {}) as Sections;
  const variables = applyEnvironment(input, sources.env ?? process.env);
  let result = schema.safeParse(input, { reportInput: true });
  if (!result.success && readTyped(input, variables, result.error.issues))
    result = schema.safeParse(input, { reportInput: true });
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => describeIssue(issue));
  throw new ConfigError(
    `configuration is not valid${sources.file ? ` (${sources.file})` : ''}:\n  ${lines.join('\n  ')}`,
    {
      hint: 'keys, defaults and accepted values: docs/reference/configuration.md',
    },
  );
}

/** As a configuration file has it: YAML with keys in snake_case. */
export function toYaml(config: unknown): string {
  return stringify(snakeKeys(config));
}

/** The effective configuration as YAML, secrets left out. */
export function dumpConfig(config: unknown): string {
  const shown = JSON.stringify(config, (key, value) => (isSecret(key) && value ? '***' : withoutCredentials(value)));
  return toYaml(JSON.parse(shown));
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

type Sections = Record<string, Record<string, unknown>>;

/** A key that was set by an environment variable. */
interface Variable {
  section: string;
  key: string;
  text: string;
}

/** Variables are TCXFLOW_SECTION__KEY. Their text goes in as it is: passwords and names may look like anything. */
function applyEnvironment(config: Sections, env: NodeJS.ProcessEnv): Variable[] {
  const variables: Variable[] = [];
  // A section with everything in it commented out is null to YAML.
  for (const [section, keys] of Object.entries(config)) if (keys === null) config[section] = {};
  for (const [name, text] of Object.entries(env)) {
    const match = /^TCXFLOW_([A-Z0-9]+)__([A-Z0-9_]+)$/.exec(name);
    if (!match || text === undefined) continue;
    const section = (match[1] as string).toLowerCase();
    const key = camelKey((match[2] as string).toLowerCase());
    const keys = config[section];
    config[section] = { ...(typeof keys === 'object' ? keys : {}), [key]: text };
    variables.push({ section, key, text });
  }
  return variables;
}

/** Where text was refused, it is a number or the like, as YAML reads it, or a list with commas. @returns whether any was */
function readTyped(config: Sections, variables: readonly Variable[], issues: readonly z.core.$ZodIssue[]): boolean {
  let changed = false;
  for (const { section, key, text } of variables) {
    const issue = issues.find(({ path }) => path[0] === section && path[1] === key);
    const keys = config[section];
    if (!issue || !keys) continue;
    const value = camelKeys(parseOrText(text));
    const wantsList = issue.code === 'invalid_type' && issue.expected === 'array' && !Array.isArray(value);
    keys[key] = wantsList ? text.split(',').map((item) => item.trim()) : value;
    changed = true;
  }
  return changed;
}

function parseOrText(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return text; // not YAML: refused as the text that it is
  }
}

function isSecret(key: string): boolean {
  return /password|secret/i.test(key);
}

/** http://user:password@host → http://***@host */
function withoutCredentials(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/^(\w+:\/\/)[^/@]+@/, '$1***@') : value;
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const path = issue.path.map((part) => (typeof part === 'string' ? snakeKey(part) : String(part))).join('.');
  if (issue.code === 'unrecognized_keys')
    return `${[path, ''].join(path ? '.' : '')}${issue.keys.map(snakeKey).join(', ')}: no such key`;
  const shown = isSecret(path) ? '***' : JSON.stringify(withoutCredentials(issue.input));
  const value = 'input' in issue ? ` is ${shown}` : '';
  return `${path}${value}: ${issue.message}`;
}

function camelKeys(value: unknown): unknown {
  return mapKeys(value, camelKey);
}

function snakeKeys(value: unknown): unknown {
  return mapKeys(value, snakeKey);
}

function mapKeys(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => mapKeys(item, rename));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [rename(key), mapKeys(inner, rename)]));
}

function camelKey(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());
}

/** ringBytes → ring_bytes */
export function snakeKey(key: string): string {
  return key.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);
}
