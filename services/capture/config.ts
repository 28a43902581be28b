import { hostname } from 'node:os';
import { serviceSchema } from '@tcxflow/common/config.ts';
import { z } from 'zod';

const interfaceRule = z.strictObject({
  /** Interface name, or a pattern with * and ?. */
  match: z.string().min(1),
  /** Network namespace as `ip netns` names it; default: the process's own. */
  netns: z.string().min(1).optional(),
  /** N of 1:N. */
  rate: z.int().min(1).max(0xffffffff).default(1000),
  headerBytes: z.int().min(64).max(256).default(128),
  directions: z
    .array(z.enum(['ingress', 'egress']))
    .min(1)
    .default(['ingress', 'egress']),
  /** Look up where incoming packets are routed. */
  fib: z.boolean().default(true),
});

export type InterfaceRule = z.output<typeof interfaceRule>;

export const captureSection = z
  .strictObject({
    /** Stable name of this host on the bus. */
    agent: z.string().min(1).default(hostname()),
    /** sFlow agent address; default: the first global address of this host. */
    agentAddress: z.union([z.ipv4(), z.ipv6()]).optional(),
    /** The first rule that matches an interface counts. */
    interfaces: z.array(interfaceRule).default([]),
    /** SO_MARK of traffic to keep out; 0 = none. */
    ownMark: z.int().min(0).max(0xffffffff).default(0),
    /** Kernel ring, a power of two. */
    ringBytes: z
      .int()
      .min(4096)
      .max(1 << 30)
      .refine((bytes) => (bytes & (bytes - 1)) === 0, 'a power of two')
      .default(4 << 20),
    tickMs: z.int().min(1).max(1000).default(10),
    /** A batch goes to Kafka with this many samples … */
    batchSamples: z.int().min(1).max(4096).default(512),
    /** … or when its first sample has waited this long. */
    lingerMs: z.int().min(1).max(1000).default(200),
    /** Encoded batches waiting for Kafka; above it sampling waits in the ring. */
    queueBytes: z
      .int()
      .min(1 << 20)
      .default(64 << 20),
    countersIntervalMs: z.int().min(1000).default(10_000),
  })
  .prefault({});

export const captureSchema = serviceSchema('capture', captureSection);
export type CaptureConfig = z.output<typeof captureSection>;
export type CaptureServiceConfig = z.output<typeof captureSchema>;
