import { z } from 'zod';

export const dropsSection = z
  .strictObject({
    rate: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(1)
      .describe('N of 1:N of the packets that the kernel drops, in all network namespaces; 0: they are not looked at.'),
    maxPerSecond: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(100)
      .describe('Of each reason, so that a flood of one does not hide the others; what is above is counted.'),
    headerBytes: z.int().min(0).max(128).default(128).describe('Bytes kept of each; 0: none.'),
  })
  .prefault({})
  .describe(
    'Dropped packets with their reason, to tcxflow.drops.v1; needs CAP_PERFMON, without it a warning is logged.',
  );

export type DropsConfig = z.output<typeof dropsSection>;
