import { serviceSchema } from '@tcxflow/common/config.ts';
import { z } from 'zod';

export const aggregateSection = z
  .strictObject({
    groupId: z.string().min(1).default('tcxflow-aggregate'),
    /** Length of the tumbling windows, in event time. */
    windowMs: z.int().min(1000).max(3_600_000).default(60_000),
    /** A window closes when the newest sample is this much past its end. */
    allowedLatenessMs: z.int().min(0).max(3_600_000).default(10_000),
    /** Without new samples for so long, the wall clock closes windows instead. */
    idleTimeoutMs: z.int().min(100).default(5000),
    /** Partitions aggregated at the same time. */
    concurrency: z.int().min(1).max(256).default(4),
  })
  .prefault({});

export const aggregateSchema = serviceSchema('aggregate', aggregateSection);
export type AggregateConfig = z.output<typeof aggregateSection>;
export type AggregateServiceConfig = z.output<typeof aggregateSchema>;
