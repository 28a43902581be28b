// The services by name, loaded only when asked for: a host that only captures needs nothing of the others.

import type { CommonConfig } from '@tcxflow/common/config.ts';
import type { ServiceDefinition } from '@tcxflow/common/service.ts';
import type { z } from 'zod';

// Each definition fits its own schema; from here they are only run.
// biome-ignore lint/suspicious/noExplicitAny: the schema's type differs from service to service
export type AnyService = ServiceDefinition<z.ZodType<CommonConfig & any>>;

export const services: Record<string, { about: string; load(): Promise<AnyService> }> = {
  capture: {
    about: 'sample packets of this host into Kafka',
    load: async () => (await import('@tcxflow/capture/main.ts')).captureService,
  },
  decode: {
    about: 'decode sampled headers',
    load: async () => (await import('@tcxflow/decode/main.ts')).decodeService,
  },
  aggregate: {
    about: 'add samples up to flows',
    load: async () => (await import('@tcxflow/aggregate/main.ts')).aggregateService,
  },
  writer: {
    about: 'insert flows and counters into ClickHouse',
    load: async () => (await import('@tcxflow/writer/main.ts')).writerService,
  },
  sflow: {
    about: 'send samples and counters to sFlow collectors',
    load: async () => (await import('@tcxflow/sflow/main.ts')).sflowService,
  },
  receiver: {
    about: 'receive sFlow of switches and other agents',
    load: async () => (await import('@tcxflow/sflow/receiver/main.ts')).receiverService,
  },
};
