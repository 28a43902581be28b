import { serviceSchema } from '@tcxflow/common/config.ts';
import { z } from 'zod';
import { enrichSection } from './enrich/config.ts';

const ports = z.array(z.int().min(1).max(65_535)).default([]);

export const decodeSection = z
  .strictObject({
    groupId: z.string().min(1).default('tcxflow-decode').describe('Kafka consumer group.'),
    concurrency: z.int().min(1).max(256).default(4).describe('Partitions decoded at the same time.'),
    application: z
      .boolean()
      .default(false)
      .describe(
        'Keep what payloads tell of their application: DNS question, TLS server name, QUIC version, HTTP host. Personal data.',
      ),
    tunnelPorts: z
      .strictObject({
        vxlan: ports.describe('UDP ports of VXLAN beside 4789 and 8472.'),
        vxlanGpe: ports.describe('Of VXLAN-GPE beside 4790.'),
        geneve: ports.describe('Of Geneve beside 6081.'),
        wireguard: ports.describe('Of WireGuard beside 51820.'),
      })
      .prefault({})
      .describe('Further UDP ports of tunnels, beside the assigned ones.'),
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
