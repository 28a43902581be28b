import { hostname } from 'node:os';
import { serviceSchema } from '@tcxflow/common/config.ts';
import { z } from 'zod';
import { dropsSection } from './drops/config.ts';

const tcxOrder = z.union(
  [
    z.enum(['head', 'tail']),
    z.strictObject({ before: z.string().min(1) }),
    z.strictObject({ after: z.string().min(1) }),
  ],
  { error: 'head, tail, {before: PROGRAM} or {after: PROGRAM}' },
);

const interfaceRule = z.strictObject({
  match: z.string().min(1).default('*').describe('Interface name, or a pattern with * and ?.'),
  kind: z
    .array(z.string().min(1))
    .optional()
    .describe('Only these kinds: physical, loopback, other, or as the kernel says: veth, bridge, vlan, bond, tun, …'),
  minSpeedMbps: z.int().min(0).optional().describe('Only links at least this fast; an unknown speed is 0.'),
  maxSpeedMbps: z.int().min(0).optional().describe('Only links at most this fast.'),
  netns: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Network namespaces as `ip netns` names them, or a pattern with * and ?; they may come and go. Default: the process's own.",
    ),
  directions: z
    .array(z.enum(['ingress', 'egress']))
    .min(1)
    .default(['ingress', 'egress'])
    .describe('The rule is for these; the other may have a rule of its own.'),
  sample: z.boolean().default(true).describe('false: what matches is not sampled.'),
  rate: z
    .union([z.literal('auto'), z.int().min(1).max(0x7fffffff)], { error: 'auto, or 1 to 2147483647' })
    .default('auto')
    .describe('N of 1:N; auto: speed / 1 Mbit/s, at least 100; 1000 when the speed is unknown.'),
  headerBytes: z.int().min(64).max(256).default(128).describe('Bytes kept of each sampled packet.'),
  fib: z.boolean().default(true).describe('Look up where incoming packets are routed.'),
  order: tcxOrder.default('head').describe('Where among other programs at the hook.'),
});

export type InterfaceRule = z.output<typeof interfaceRule>;

/** Without rules: physical ports at a rate by their speed. A bond's members are physical, the bond itself is not. */
const defaultRule: InterfaceRule = interfaceRule.parse({ kind: ['physical'] });

/** The rules in force with their numbers, from 1; the default one has number 0. */
export function numberedRules({ interfaces }: { interfaces: readonly InterfaceRule[] }) {
  if (interfaces.length === 0) return [{ number: 0, rule: defaultRule }];
  return interfaces.map((rule, index) => ({ number: index + 1, rule }));
}

/** Whether other network namespaces than the process's own may have to be entered. */
export function wantsNamespaces({ interfaces }: { interfaces: readonly InterfaceRule[] }): boolean {
  return interfaces.some(({ netns }) => netns !== undefined);
}

export const captureSection = z
  .strictObject({
    agent: z.string().min(1).default(hostname()).describe('Stable name of this host on the bus.'),
    agentAddress: z
      .union([z.ipv4(), z.ipv6()], { error: 'an IPv4 or IPv6 address' })
      .optional()
      .describe('sFlow agent address; default: the first global address of this host.'),
    interfaces: z
      .array(interfaceRule)
      .default([])
      .describe('The first rule that matches an interface and direction counts. None: physical ports, rate auto.'),
    maxInterfaces: z
      .int()
      .min(1)
      .max(65_536)
      .default(4096)
      .describe('Interfaces of a namespace that are sampled at the same time.'),
    expediteRcu: z
      .boolean()
      .default(true)
      .describe(
        'While more than 8 interfaces wait: switch /sys/kernel/rcu_expedited on, where that may be written, and off again.',
      ),
    maxSamplesPerSecond: z
      .int()
      .min(0)
      .default(0)
      .describe(
        'Above it all rates are made coarser by powers of two, and finer again when there is room; 0: no ceiling.',
      ),
    maxCpuPercent: z
      .number()
      .min(0)
      .max(10_000)
      .default(0)
      .describe('The same for the CPU of this process, in percent of one core; 0: no ceiling.'),
    wantedErrorPercent: z
      .number()
      .min(0)
      .max(50)
      .default(0)
      .describe(
        "Each busy point gets the coarsest rate, by powers of two from its rule's, that keeps half the 95 % interval of a minute below this; 0: off.",
      ),
    wantedErrorMinMbps: z
      .number()
      .min(0)
      .default(100)
      .describe('Points with less traffic keep the rate of their rule.'),
    user: z
      .string()
      .min(1)
      .default('auto')
      .describe('Started as root, capture goes on as this user; auto: tcxflow or nobody, where that can work.'),
    ownTraffic: z
      .enum(['exclude', 'include'])
      .default('exclude')
      .describe('Traffic of this host with Kafka, ClickHouse and the sFlow collectors.'),
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
      .describe('Encoded batches waiting for Kafka in memory; above it the spool takes them, else sampling waits.'),
    spoolFolder: z.string().min(1).default('/var/lib/tcxflow/spool').describe('Where samples wait on disk.'),
    spoolBytes: z
      .int()
      .min(0)
      .refine((bytes) => bytes === 0 || bytes >= 16 << 20, '0, or at least 16777216')
      .default(1 << 30)
      .describe('Size of the spool, for when Kafka is away; the oldest samples go first. 0: no spool.'),
    spoolMaxAgeMs: z.int().min(1000).default(86_400_000).describe('Older samples are given up.'),
    countersIntervalMs: z.int().min(1000).default(10_000).describe('How often interface counters are published.'),
    drops: dropsSection,
  })
  .prefault({});

export const captureSchema = serviceSchema('capture', captureSection);
export type CaptureConfig = z.output<typeof captureSection>;
export type CaptureServiceConfig = z.output<typeof captureSchema>;
