import { serviceSchema } from '@tcxflow/common/config.ts';
import { z } from 'zod';
import { enrichSection } from './enrich/config.ts';

export const decodeSection = z
  .strictObject({
    groupId: z.string().min(1).default('tcxflow-decode').describe('Kafka consumer group.'),
    concurrency: z.int().min(1).max(256).default(4).describe('Partitions decoded at the same time.'),
    enrich: enrichSection,
    anonymize: z
      .boolean()
      .default(false)
      .describe('Replace all IP addresses of samples, prefixes preserved (Crypto-PAn), after enrichment.'),
    anonymizeKeyFile: z.string().min(1).optional().describe('32 random bytes, or 64 hexadecimal digits.'),
  })
  .superRefine(({ anonymize, anonymizeKeyFile }, context) => {
    if (anonymize && anonymizeKeyFile === undefined)
      context.addIssue({ code: 'custom', path: ['anonymizeKeyFile'], message: 'anonymize needs it', input: '' });
  })
  .prefault({});

export const decodeSchema = serviceSchema('decode', decodeSection);
export type DecodeConfig = z.output<typeof decodeSection>;
export type DecodeServiceConfig = z.output<typeof decodeSchema>;
