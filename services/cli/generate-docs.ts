// Writes the reference pages that are made from code: configuration, metrics and topics. `npm run generate`; a test
// requires an empty diff.

import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { aggregateSection } from '@tcxflow/aggregate/config.ts';
import { captureSection } from '@tcxflow/capture/config.ts';
import { commonSections, loadConfig, snakeKey } from '@tcxflow/common/config.ts';
import { createLogger } from '@tcxflow/common/logger.ts';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import { decodeSection } from '@tcxflow/decode/config.ts';
import {
  countersCodec,
  decodedBatchCodec,
  dropBatchCodec,
  flowCodec,
  flowSummaryCodec,
  ledgerEntryCodec,
  ORIGIN_HEADER,
  ORIGIN_SFLOW,
  sampleBatchCodec,
  topicNames,
  topicRetentionMs,
} from '@tcxflow/schemas/topics.ts';
import { sflowSection } from '@tcxflow/sflow/config.ts';
import { receiverSection } from '@tcxflow/sflow/receiver/config.ts';
import { writerSection } from '@tcxflow/writer/config.ts';
import { z } from 'zod';
import { services } from './services.ts';

const MADE = '<!-- Made from the code by npm run generate; do not edit. -->\n';

const sections = {
  ...commonSections,
  capture: captureSection,
  decode: decodeSection,
  aggregate: aggregateSection,
  writer: writerSection,
  sflow: sflowSection,
  receiver: receiverSection,
};

interface JsonSchema {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonSchema[];
  minimum?: number;
  maximum?: number;
  minItems?: number;
  pattern?: string;
  format?: string;
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
}

function schemaOf(section: z.ZodType): JsonSchema {
  return z.toJSONSchema(section, { io: 'input' }) as JsonSchema;
}

/** docs/reference/configuration.md */
export function configurationPage(): string {
  const parts = Object.entries(sections).map(([name, section]) => {
    const { properties = {} } = schemaOf(section);
    const inner = Object.entries(properties).filter(([, schema]) => schema.properties);
    return [
      `\n## ${name}\n\n${keyTable(properties)}${ruleTables(properties)}`,
      ...inner.map(
        ([key, { properties: keys = {} }]) =>
          `\nKeys of \`${snakeKey(key)}\`:\n\n${keyTable(keys)}${ruleTables(keys, `${snakeKey(key)}.`)}`,
      ),
    ].join('');
  });
  return `${MADE}
# Configuration

One YAML file serves all services: a section for each, and the sections that all share. A service reads its own and passes
over the others. Every key can also be set by an environment variable, which then wins: \`TCXFLOW_KAFKA__BROKERS=a:9092,b:9092\`
sets \`kafka.brokers\`. \`tcxflow SERVICE --config FILE --check\` validates, \`--dump\` prints what is in effect without secrets.
A key that does not exist, or a value that is not accepted, ends the service at once with exit code 2.
A sample: [deploy/tcxflow.yaml](../../deploy/tcxflow.yaml).
${parts.join('')}`;
}

/** The keys of what is in lists. */
function ruleTables(properties: Record<string, JsonSchema>, prefix = ''): string {
  return Object.entries(properties)
    .map(([key, { items }]) => {
      const keys = items && keysOf(items);
      return keys ? `\nEach of \`${prefix}${snakeKey(key)}\`:\n\n${keyTable(keys)}` : '';
    })
    .join('');
}

/** Of an object, also where text may stand for it. */
function keysOf({ properties, anyOf = [] }: JsonSchema): Record<string, JsonSchema> | undefined {
  return properties ?? anyOf.find((schema) => schema.properties)?.properties;
}

function keyTable(properties: Record<string, JsonSchema>): string {
  const rows = Object.entries(properties).map(
    ([key, schema]) =>
      `| \`${snakeKey(key)}\` | ${schema.properties ? 'keys, see below' : accepted(schema)} | ${defaultOf(schema)} | ${schema.description ?? ''} |\n`,
  );
  return `| key | accepted | default | meaning |\n|---|---|---|---|\n${rows.join('')}`;
}

function accepted(schema: JsonSchema): string {
  if (schema.properties) return 'keys, see below';
  if (schema.anyOf) return schema.anyOf.map(accepted).join(' or ');
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.type === 'array')
    return `list of ${schema.items?.properties ? 'rules, see below' : accepted(schema.items ?? {})}`;
  if (schema.type === 'integer') {
    const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = schema;
    return maximum >= Number.MAX_SAFE_INTEGER ? `integer from ${minimum}` : `integer ${minimum} to ${maximum}`;
  }
  if (schema.format === 'uri') return 'URL';
  if (schema.format) return schema.format;
  return schema.pattern === '^.+:\\d+$' ? 'host:port' : (schema.type ?? 'anything');
}

function defaultOf({ default: value }: JsonSchema): string {
  if (
    value === undefined ||
    value === '' ||
    value?.constructor === Object ||
    (Array.isArray(value) && value.length === 0)
  )
    return '';
  if (value === hostname()) return "this host's name";
  return `\`${Array.isArray(value) ? value.join(', ') : value}\``;
}

/** docs/reference/metrics.md: what each service registers when it is wired, without being started. */
export async function metricsPage(): Promise<string> {
  const log = createLogger({ level: 'error', format: 'json' }, 'docs');
  let page = `${MADE}
# Metrics

Every service serves them in Prometheus format at \`/metrics\` of its HTTP port (section \`http\`), beside \`/healthz\` and
\`/readyz\`, with the usual \`process_\` and \`nodejs_\` metrics. Every queue has a gauge, every loss a counter with its cause.
`;
  for (const [name, { load }] of Object.entries(services)) {
    const service = await load();
    const metrics = createMetrics(name);
    service.build({
      config: loadConfig(service.schema, { env: {} }),
      log,
      metrics,
      fail: () => undefined,
      reload: () => undefined,
    });
    const rows = (await metrics.registry.getMetricsAsJSON())
      .filter((metric) => metric.name.startsWith('tcxflow_'))
      .map((metric) => {
        const { labelNames = [] } = metrics.registry.getSingleMetric(metric.name) as unknown as {
          labelNames?: string[];
        };
        return `| \`${metric.name}\` | ${metric.type} | ${labelNames.join(', ')} | ${metric.help} |\n`;
      })
      .sort();
    page += `\n## ${name}\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n${rows.join('')}`;
  }
  return page;
}

interface AvroField {
  name: string;
  type: unknown;
  doc?: string;
}
interface AvroRecord {
  name: string;
  doc?: string;
  fields: AvroField[];
}

/** docs/reference/topics.md */
export function topicsPage(): string {
  const codecs = [
    [topicNames.rawSamples, sampleBatchCodec],
    [topicNames.counters, countersCodec],
    [topicNames.drops, dropBatchCodec],
    [topicNames.decodedSamples, decodedBatchCodec],
    [topicNames.flows, flowCodec],
    [topicNames.flowSummaries, flowSummaryCodec],
    [topicNames.ledger, ledgerEntryCodec],
  ] as const;
  const parts = codecs.map(([topic, { name, schema, frameHeader }]) => {
    const records: AvroRecord[] = [];
    collectRecords(schema, records);
    return (
      `\n## ${topic}\n\nKept ${topicRetentionMs[topic] / 3_600_000} h. Schema: [${name}.avsc](../../schemas/${name}.avsc); ` +
      `messages start with \`${frameHeader.toString('hex')}\`. ${(schema as AvroRecord).doc ?? ''}\n` +
      records.map(recordTable).join('')
    );
  });
  return `${MADE}
# Topics

Messages are Avro single-object encoded: two bytes C3 01, the schema's 64-bit Rabin fingerprint (little-endian), the body.
Addresses are 16 bytes, IPv4 mapped into IPv6. Times are since 1970; nanosecond times need 64-bit integers. A header \`${ORIGIN_HEADER}\` of
\`${ORIGIN_SFLOW}\` says that the receiver made a message of raw samples, counters or drops from sFlow datagrams.
${parts.join('')}
## ${topicNames.deadLetter}

Kept ${topicRetentionMs[topicNames.deadLetter] / 3_600_000} h. What could not be read, key and value as they came. Headers: \`tcxflow-reason\` (a code of
[errors.md](errors.md)), \`tcxflow-error\`, \`tcxflow-stage\`, \`tcxflow-source\` (topic/partition/offset),
\`tcxflow-timestamp\` (ms since 1970).
`;
}

/** Depth first, each record once. */
function collectRecords(schema: unknown, found: AvroRecord[]): void {
  if (typeof schema !== 'object' || schema === null) return;
  if (Array.isArray(schema)) {
    for (const part of schema) collectRecords(part, found);
    return;
  }
  const { type, items, fields } = schema as { type?: unknown; items?: unknown; fields?: AvroField[] };
  if (fields) {
    found.push(schema as AvroRecord);
    for (const field of fields) collectRecords(field.type, found);
  } else {
    collectRecords(items, found);
    collectRecords(type, found);
  }
}

function recordTable({ name, fields }: AvroRecord): string {
  const rows = fields.map((field) => `| \`${field.name}\` | ${avroType(field.type)} | ${field.doc ?? ''} |\n`);
  return `\n\`${name}\`:\n\n| field | type | meaning |\n|---|---|---|\n${rows.join('')}`;
}

function avroType(type: unknown): string {
  if (typeof type === 'string') return type;
  if (Array.isArray(type)) return type.map(avroType).join(' or ');
  const object = type as {
    type: unknown;
    name?: string;
    logicalType?: string;
    size?: number;
    items?: unknown;
    symbols?: string[];
  };
  if (object.logicalType) return object.logicalType;
  if (object.type === 'array') return `array of ${avroType(object.items)}`;
  if (object.type === 'fixed') return `fixed(${object.size})`;
  if (object.symbols) return object.symbols.join(' or ');
  return object.name ?? avroType(object.type);
}

/** Every generated page: path from the repository's root → text. */
export async function generatePages(): Promise<Record<string, string>> {
  return {
    'docs/reference/configuration.md': configurationPage(),
    'docs/reference/metrics.md': await metricsPage(),
    'docs/reference/topics.md': topicsPage(),
  };
}

export const root = new URL('../../', import.meta.url);

if (import.meta.main) {
  for (const [path, text] of Object.entries(await generatePages())) {
    const file = new URL(path, root);
    writeFileSync(file, text);
    process.stdout.write(`${path} written (${readFileSync(file).length} bytes)\n`);
  }
  process.exit(0);
}
