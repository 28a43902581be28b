import { serviceSchema } from '@tcxflow/common/config.ts';
import { z } from 'zod';

export const aggregateSection = z
  .strictObject({
    groupId: z.string().min(1).default('tcxflow-aggregate').describe('Kafka consumer group.'),
    windowMs: z
      .int()
      .min(1000)
      .max(3_600_000)
      .default(60_000)
      .describe('Length of the tumbling windows, in event time.'),
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
        'Flows in memory, per partition; above it old windows and then the flows of fewest samples are emitted before their time.',
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
