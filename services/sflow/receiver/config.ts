import { serviceSchema } from '@tcxflow/common/config.ts';
import { z } from 'zod';
import { isPrefix } from '../allow-list.ts';

const prefix = z.string().refine(isPrefix, 'an address or a prefix, as 192.0.2.0/24');

export const receiverSection = z
  .strictObject({
    listen: z
      .array(z.string().regex(/^.+:\d+$/, 'host:port'))
      .min(1)
      .default(['[::]:6343'])
      .describe('host:port to receive sFlow at; IPv6 in brackets; [::] takes IPv4 too.'),
    sockets: z
      .int()
      .min(1)
      .max(16)
      .default(1)
      .describe('Sockets at each address (SO_REUSEPORT), each with a buffer; the kernel spreads senders over them.'),
    sharePort: z
      .boolean()
      .default(false)
      .describe(
        'Other receivers of this host and user may listen at the same addresses, and get a part of the senders.',
      ),
    sources: z
      .array(prefix)
      .default([])
      .describe('Prefixes that datagrams may come from; without any, all. Others are counted and dropped.'),
    agents: z
      .array(prefix)
      .default([])
      .describe('Prefixes of agent addresses that are taken; without any, all. Others are counted and dropped.'),
    maxAgents: z
      .int()
      .min(1)
      .max(100_000)
      .default(1000)
      .describe('Agents and sub-agents known at a time. One that was silent for an hour makes room.'),
    maxInterfaces: z
      .int()
      .min(1)
      .max(10_000_000)
      .default(100_000)
      .describe('Interfaces of all agents together, about; samples of more are counted as too_many_sources.'),
    flushMs: z.int().min(10).max(10_000).default(250).describe('A sample waits so long for others of its agent.'),
    batchSamples: z.int().min(1).max(10_000).default(500).describe('Samples of a message, at most.'),
    receiveBufferBytes: z
      .int()
      .min(4096)
      .max(1 << 30)
      .default(8 << 20)
      .describe("Of each socket; without CAP_NET_ADMIN the kernel's bound is net.core.rmem_max."),
    queueBytes: z
      .int()
      .min(1 << 20)
      .default(64 << 20)
      .describe('Messages that wait for Kafka; what comes when it is full is counted and dropped.'),
  })
  .prefault({});

export const receiverSchema = serviceSchema('receiver', receiverSection);
export type ReceiverConfig = z.output<typeof receiverSection>;
export type ReceiverServiceConfig = z.output<typeof receiverSchema>;
