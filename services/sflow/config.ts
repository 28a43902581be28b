import { serviceSchema } from '@tcxflow/common/config.ts';
import { z } from 'zod';
import { collector, collectorAddress, datagramBytes, headerBytes } from './collector-config.ts';

const UINT32_MAX = 0xffff_ffff;

export const sflowSection = z
  .strictObject({
    groupId: z.string().min(1).default('tcxflow-sflow').describe('Kafka consumer group.'),
    collectors: z
      .array(z.union([collectorAddress, collector]))
      .default(['127.0.0.1:6343'])
      .describe(
        'Each is host:port (IPv6 in brackets), or keys: address, and what this one wants otherwise; see [sflow](sflow.md#collectors).',
      ),
    subAgentId: z
      .union([z.literal('per-agent'), z.int().min(0).max(UINT32_MAX)], { error: 'per-agent, or 0 to 4294967295' })
      .default('per-agent')
      .describe(
        "per-agent: a stable number made of the agent's name (nfdump tells agents apart by it); or one number for all.",
      ),
    datagramBytes: datagramBytes.default(1400).describe('UDP payload.'),
    headerBytes: headerBytes.default(128).describe('Header bytes of a flow sample, at most.'),
    maxAgeMs: z
      .int()
      .min(1000)
      .default(10_000)
      .describe(
        'Older samples are dropped and counted: sFlow has no timestamps, collectors would take them for new traffic.',
      ),
    relay: z
      .boolean()
      .default(false)
      .describe(
        'Send also what agents sent as sFlow to a receiver of this Kafka. Not to that receiver itself: it would go round for ever.',
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
