import { serviceSchema } from '@tcxflow/common/config.ts';
import { z } from 'zod';

const UINT32_MAX = 0xffff_ffff;

const isPort = (port: number) => port >= 1 && port <= 65_535;

export const sflowSection = z
  .strictObject({
    groupId: z.string().min(1).default('tcxflow-sflow').describe('Kafka consumer group.'),
    collectors: z
      .array(
        z
          .string()
          .regex(/^.+:\d+$/, 'host:port')
          .refine((text) => isPort(Number(text.slice(text.lastIndexOf(':') + 1))), 'a port of 1 to 65535'),
      )
      .default(['127.0.0.1:6343'])
      .describe('host:port of each collector; IPv6 in brackets.'),
    subAgentId: z
      .union([z.literal('per-agent'), z.int().min(0).max(UINT32_MAX)], { error: 'per-agent, or 0 to 4294967295' })
      .default('per-agent')
      .describe(
        "per-agent: a stable number made of the agent's name (nfdump tells agents apart by it); or one number for all.",
      ),
    datagramBytes: z.int().min(200).max(8192).default(1400).describe('UDP payload.'),
    headerBytes: z.int().min(64).max(256).default(128).describe('Header bytes of a flow sample, at most.'),
    maxAgeMs: z
      .int()
      .min(1000)
      .default(10_000)
      .describe(
        'Older samples are dropped and counted: sFlow has no timestamps, collectors would take them for new traffic.',
      ),
    sendBufferBytes: z
      .int()
      .min(4096)
      .default(2 << 20)
      .describe("Of each collector's socket."),
  })
  .prefault({});

export const sflowSchema = serviceSchema('sflow', sflowSection);
export type SflowConfig = z.output<typeof sflowSection>;
export type SflowServiceConfig = z.output<typeof sflowSchema>;
