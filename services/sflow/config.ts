import { serviceSchema } from '@tcxflow/common/config.ts';
import { z } from 'zod';
import { isPrefix } from './allow-list.ts';

const UINT32_MAX = 0xffff_ffff;

const isPort = (port: number) => port >= 1 && port <= 65_535;

const address = z
  .string()
  .regex(/^.+:\d+$/, 'host:port')
  .refine((text) => isPort(Number(text.slice(text.lastIndexOf(':') + 1))), 'a port of 1 to 65535');

const datagramBytes = z.int().min(200).max(8192);
const headerBytes = z.int().min(64).max(256);

const prefix = z
  .string()
  .refine(
    (text) => isPrefix(text.replace(/^!/, '')),
    'an address or a prefix, as 192.0.2.0/24; ! before it leaves it out',
  );

const collector = z.strictObject({
  address: address.describe('host:port; IPv6 in brackets.'),
  datagramBytes: datagramBytes.optional().describe('UDP payload; without it as for all.'),
  headerBytes: headerBytes.optional().describe('Header bytes of a flow sample; without it as for all.'),
  portNames: z.boolean().optional().describe('Interface names in counter samples (port_name, 1005); false by default.'),
  host: z.boolean().optional().describe('Counters of the machine (2000 to 2010); true by default.'),
  discards: z
    .boolean()
    .optional()
    .describe(
      'Dropped packets, in datagrams of their own (sample type 5); false by default: not every collector knows it.',
    ),
  thin: z
    .int()
    .min(1)
    .max(65_536)
    .optional()
    .describe('One of so many flow samples, at so many times the rate; 1 by default: all.'),
  agents: z.array(z.string().min(1)).optional().describe('Only of agents with these names: `*`, `?`, `!` leaves out.'),
  interfaces: z
    .array(z.string().min(1))
    .optional()
    .describe('Only flow samples and counters of interfaces with these names: `*`, `?`, `!` leaves out.'),
  prefixes: z
    .array(prefix)
    .optional()
    .describe(
      'Only flow samples of packets with an address, in a tunnel innermost or outermost, in one of these prefixes; `!` leaves out.',
    ),
});

export const sflowSection = z
  .strictObject({
    groupId: z.string().min(1).default('tcxflow-sflow').describe('Kafka consumer group.'),
    collectors: z
      .array(z.union([address, collector]))
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
