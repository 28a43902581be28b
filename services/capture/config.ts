import { hostname } from 'node:os';
import { serviceSchema } from '@tcxflow/common/config.ts';
import { z } from 'zod';

const interfaceRule = z.strictObject({
  match: z.string().min(1).describe('Interface name, or a pattern with * and ?.'),
  netns: z.string().min(1).optional().describe("Network namespace as `ip netns` names it; default: the process's own."),
  rate: z.int().min(1).max(0x7fffffff).default(1000).describe('N of 1:N.'),
  headerBytes: z.int().min(64).max(256).default(128).describe('Bytes kept of each sampled packet.'),
  directions: z
    .array(z.enum(['ingress', 'egress']))
    .min(1)
    .default(['ingress', 'egress'])
    .describe('Hooks to sample at.'),
  fib: z.boolean().default(true).describe('Look up where incoming packets are routed.'),
});

export type InterfaceRule = z.output<typeof interfaceRule>;

export const captureSection = z
  .strictObject({
    agent: z.string().min(1).default(hostname()).describe('Stable name of this host on the bus.'),
    agentAddress: z
      .union([z.ipv4(), z.ipv6()], { error: 'an IPv4 or IPv6 address' })
      .optional()
      .describe('sFlow agent address; default: the first global address of this host.'),
    interfaces: z.array(interfaceRule).default([]).describe('The first rule that matches an interface counts.'),
    ownMark: z.int().min(0).max(0xffffffff).default(0).describe('SO_MARK of traffic to keep out; 0 = none.'),
    ringBytes: z
      .int()
      .min(4096)
      .max(1 << 30)
      .refine((bytes) => (bytes & (bytes - 1)) === 0, 'a power of two')
      .default(4 << 20)
      .describe('Kernel ring, a power of two.'),
    tickMs: z.int().min(1).max(1000).default(10).describe('Longest time that a sample waits in the ring.'),
    batchSamples: z.int().min(1).max(4096).default(512).describe('A batch goes to Kafka with this many samples …'),
    lingerMs: z.int().min(1).max(1000).default(200).describe('… or when its first sample has waited this long.'),
    queueBytes: z
      .int()
      .min(1 << 20)
      .default(64 << 20)
      .describe('Encoded batches waiting for Kafka; above it sampling waits in the ring.'),
    countersIntervalMs: z.int().min(1000).default(10_000).describe('How often interface counters are published.'),
  })
  .prefault({});

export const captureSchema = serviceSchema('capture', captureSection);
export type CaptureConfig = z.output<typeof captureSection>;
export type CaptureServiceConfig = z.output<typeof captureSchema>;
