import { serviceSchema } from '@tcxflow/common/config.ts';
import { z } from 'zod';

const days = (fallback: number, meaning: string) => z.int().min(1).max(36_500).default(fallback).describe(meaning);

const retentionSection = z
  .strictObject({
    flowsDays: days(30, 'Of `flows`.'),
    summariesDays: days(90, 'Of `flow_summaries`.'),
    minutesDays: days(90, 'Of `flows_1m`.'),
    fiveMinutesDays: days(180, 'Of `flows_5m`.'),
    hoursDays: days(730, 'Of `flows_1h`, `flows_hosts_1h` and `flows_prefixes_1h`.'),
    daysDays: days(3650, 'Of `flows_1d`.'),
    countersDays: days(90, 'Of `interface_counters`, `host_counters` and `drops`.'),
    dropSamplesDays: days(14, 'Of `drop_samples`.'),
    ledgerDays: days(30, 'Of `captured`, `captured_points`, `ledger` and `stored`.'),
    samplesDays: days(2, 'Of `samples`.'),
    maxBytes: z
      .int()
      .min(0)
      .default(0)
      .describe(
        'Of the database on disk, on each node: above it the writer removes what is oldest, samples first, rollups last. 0: no cap.',
      ),
  })
  .prefault({})
  .describe('How long the tables keep their rows; `tcxflow migrate` applies the days, the writer the bytes.');

export const writerSection = z
  .strictObject({
    groupId: z.string().min(1).default('tcxflow-writer').describe('Kafka consumer group.'),
    blockRows: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(100_000)
      .describe('A block is inserted when it has this many messages …'),
    blockBytes: z
      .int()
      .min(1024)
      .max(256 << 20)
      .default(32 << 20)
      .describe('… or this many bytes …'),
    flushIntervalMs: z
      .int()
      .min(10)
      .max(60_000)
      .default(1000)
      .describe('… or when its first message has waited this long.'),
    concurrency: z.int().min(1).max(256).default(4).describe('Partitions worked on at the same time.'),
    samples: z
      .boolean()
      .default(false)
      .describe('Store each sample with its header bytes in `samples`: some 100 bytes each, for `samples_days`.'),
    retention: retentionSection,
  })
  .prefault({});

export const writerSchema = serviceSchema('writer', writerSection);
export type WriterConfig = z.output<typeof writerSection>;
export type WriterServiceConfig = z.output<typeof writerSchema>;
