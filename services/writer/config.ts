import { serviceSchema } from '@tcxflow/common/config.ts';
import { z } from 'zod';

export const writerSection = z
  .strictObject({
    groupId: z.string().min(1).default('tcxflow-writer').describe('Kafka consumer group.'),
    blockRows: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(50_000)
      .describe('A block is inserted when it has this many messages …'),
    blockBytes: z
      .int()
      .min(1024)
      .max(256 << 20)
      .default(16 << 20)
      .describe('… or this many bytes …'),
    flushIntervalMs: z
      .int()
      .min(10)
      .max(60_000)
      .default(1000)
      .describe('… or when its first message has waited this long.'),
    concurrency: z.int().min(1).max(256).default(4).describe('Partitions worked on at the same time.'),
  })
  .prefault({});

export const writerSchema = serviceSchema('writer', writerSection);
export type WriterConfig = z.output<typeof writerSection>;
export type WriterServiceConfig = z.output<typeof writerSchema>;
