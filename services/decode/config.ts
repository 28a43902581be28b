import { serviceSchema } from '@tcxflow/common/config.ts';
import { z } from 'zod';

export const decodeSection = z
  .strictObject({
    groupId: z.string().min(1).default('tcxflow-decode').describe('Kafka consumer group.'),
    concurrency: z.int().min(1).max(256).default(4).describe('Partitions decoded at the same time.'),
  })
  .prefault({});

export const decodeSchema = serviceSchema('decode', decodeSection);
export type DecodeServiceConfig = z.output<typeof decodeSchema>;
