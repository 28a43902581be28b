import { serviceSchema } from '@tcxflow/common/config.ts';
import { z } from 'zod';
import { KEY_SETS_MAX } from './checkpoint.ts';
import { keyFields, WHOLE_V4, WHOLE_V6 } from './key-set.ts';

const keySet = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9_-]{1,32}$/, 'up to 32 of a-z, 0-9, _ and -')
      .describe('In the field `keySet` of its records.'),
    windowMs: z.int().min(1000).max(3_600_000).default(60_000).describe('Length of its tumbling windows.'),
    key: z.array(z.enum(keyFields)).min(1).describe('What its records are told apart by; all else is zero or empty.'),
    prefixV4: z
      .int()
      .min(0)
      .max(WHOLE_V4)
      .default(WHOLE_V4)
      .describe('Bits of `srcAddress` and `dstAddress` that count.'),
    prefixV6: z.int().min(0).max(WHOLE_V6).default(WHOLE_V6).describe('The same of IPv6.'),
  })
  .refine(
    ({ key, prefixV4, prefixV6 }) =>
      (prefixV4 === WHOLE_V4 && prefixV6 === WHOLE_V6) || key.includes('srcAddress') || key.includes('dstAddress'),
    'prefix lengths need srcAddress or dstAddress in the key',
  );

export const aggregateSection = z
  .strictObject({
    groupId: z.string().min(1).default('tcxflow-aggregate').describe('Kafka consumer group.'),
    windowMs: z
      .int()
      .min(1000)
      .max(3_600_000)
      .default(60_000)
      .describe('Length of the tumbling windows, in event time.'),
    flows: z
      .boolean()
      .default(true)
      .describe('Whether flows, by their full key, are sent; without, only the records of `key_sets` are.'),
    keySets: z
      .array(keySet)
      .max(KEY_SETS_MAX)
      .refine((sets) => new Set(sets.map(({ name }) => name)).size === sets.length, 'each with a name of its own')
      .default([])
      .describe('What samples are added up by besides; see [choose key sets](../how-to/choose-key-sets.md).'),
    allowedLatenessMs: z
      .int()
      .min(0)
      .max(3_600_000)
      .default(10_000)
      .describe('A window closes when the newest sample is this much past its end.'),
    idleTimeoutMs: z
      .int()
      .min(100)
      .default(5000)
      .describe('Without new samples for so long, the wall clock closes windows instead.'),
    maxOpenFlows: z
      .int()
      .min(1)
      .default(1_000_000)
      .describe(
        'Flows in memory, with those of `key_sets`, per partition; above it old windows and then the flows of fewest samples are emitted before their time.',
      ),
    communityId: z
      .boolean()
      .default(false)
      .describe(
        'Community ID (version 1, seed 0) of each flow, by which Zeek, Suricata and Wireshark know it; a SHA-1 a flow.',
      ),
    concurrency: z.int().min(1).max(256).default(4).describe('Partitions aggregated at the same time.'),
  })
  .prefault({});

export const aggregateSchema = serviceSchema('aggregate', aggregateSection);
export type AggregateConfig = z.output<typeof aggregateSection>;
export type AggregateServiceConfig = z.output<typeof aggregateSchema>;
