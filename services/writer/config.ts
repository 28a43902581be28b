import { serviceSchema } from '@tcxflow/common/config.ts';
import { z } from 'zod';

export const writerSection = z
  .strictObject({
    groupId: z.string().min(1).default('tcxflow-writer'),
    /** A block is inserted when it has this many messages … */
    blockRows: z.int().min(1).max(1_000_000).default(50_000),
    /** … or this many bytes … */
    blockBytes: z
      .int()
      .min(1024)
      .max(256 << 20)
      .default(16 << 20),
    /** … or when its first message has waited this long. */
    flushIntervalMs: z.int().min(10).max(60_000).default(1000),
    concurrency: z.int().min(1).max(256).default(4),
  })
  .prefault({});

export const writerSchema = serviceSchema('writer', writerSection);
export type WriterConfig = z.output<typeof writerSection>;
export type WriterServiceConfig = z.output<typeof writerSchema>;
