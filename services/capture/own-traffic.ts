// Keeps this host's own traffic out of its samples: what goes to and comes from Kafka, ClickHouse and the sFlow collectors.
// Names are looked up again from time to time, as are the brokers that Kafka itself names.

import { lookup } from 'node:dns/promises';
import type { ClickHouseConfig, KafkaConfig } from '@tcxflow/common/config.ts';
import { splitHostPort } from '@tcxflow/common/host-port.ts';
import { createKafka } from '@tcxflow/common/kafka.ts';
import type { Component } from '@tcxflow/common/lifecycle.ts';
import { type Logger, throttled } from '@tcxflow/common/logger.ts';
import { parseAddress } from '@tcxflow/packet/address.ts';
import type { OwnEndpoint } from 'libbpf-ts/capture.ts';
import type { Sampler } from './sampler.ts';

/** Where something is, before its name is looked up. */
export interface Destination {
  host: string;
  port: number;
  protocol: OwnEndpoint['protocol'];
}

export interface OwnTrafficOptions {
  kafka: KafkaConfig;
  clickhouse: ClickHouseConfig;
  /** host:port; IPv6 in brackets. */
  collectors: readonly string[];
  sampler: Pick<Sampler, 'setOwnEndpoints'>;
  log: Logger;
}

const LOOKUP_MS = 60_000;

export function createOwnTraffic(options: OwnTrafficOptions): Component {
  const { log } = options;
  const problems = throttled(600_000);
  let timer: NodeJS.Timeout | undefined;

  async function update(brokers: () => Promise<Destination[]>): Promise<void> {
    try {
      const destinations = [...configuredDestinations(options), ...(await brokers())];
      const endpoints = await resolveDestinations(destinations, (host, error) =>
        problems((skipped) => log.warn({ host, error: error.message, skipped }, 'own traffic: a name has no address')),
      );
      options.sampler.setOwnEndpoints(endpoints);
    } catch (error) {
      problems((skipped) => log.warn({ err: error, skipped }, 'own traffic cannot be told apart'));
    }
  }

  return {
    name: 'own traffic',
    async start() {
      await update(async () => []);
      void update(() => namedBrokers(options.kafka, log));
      timer = setInterval(() => void update(() => namedBrokers(options.kafka, log)), LOOKUP_MS);
    },
    stop: () => clearInterval(timer),
  };
}

/** What the configuration names. Pure. */
export function configuredDestinations(
  options: Pick<OwnTrafficOptions, 'kafka' | 'clickhouse' | 'collectors'>,
): Destination[] {
  const url = new URL(options.clickhouse.url);
  const clickhousePort = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  return [
    ...options.kafka.brokers.map((text) => ({ ...splitHostPort(text), protocol: 'tcp' as const })),
    { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: clickhousePort, protocol: 'tcp' },
    ...options.collectors.map((text) => ({ ...splitHostPort(text), protocol: 'udp' as const })),
  ];
}

/** The brokers' advertised addresses: only the first contact goes to the configured ones. */
async function namedBrokers(config: KafkaConfig, log: Logger): Promise<Destination[]> {
  const admin = createKafka(config, 'capture', log, 1).admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    return brokers.map(({ host, port }) => ({ host, port, protocol: 'tcp' }));
  } finally {
    await admin.disconnect();
  }
}

async function resolveDestinations(
  destinations: readonly Destination[],
  onError: (host: string, error: Error) => void,
): Promise<OwnEndpoint[]> {
  const endpoints = new Map<string, OwnEndpoint>();
  for (const { host, port, protocol } of destinations) {
    try {
      for (const { address: text } of await lookup(host, { all: true })) {
        const address = parseAddress(text);
        if (address) endpoints.set(`${protocol} ${text} ${port}`, { address, port, protocol });
      }
    } catch (error) {
      onError(host, error as Error);
    }
  }
  return [...endpoints.values()];
}
