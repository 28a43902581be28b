// The configuration that `up` gives its services, as the YAML file that users write themselves when they run services apart.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Engines } from './engines.ts';

export interface PipelineOptions {
  agent: string;
  interfaces: { match: string; netns?: string; rate: number }[];
  collectors: string[];
  windowMs: number;
}

/** On one machine silence means death: a killed worker's partitions are taken over sooner than usual. */
const SESSION_TIMEOUT_MS = 10_000;

/** @returns its path; readable by its owner only, as it has a password */
export function writeConfigFile(dataDir: string, engines: Engines, options: PipelineOptions): string {
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, 'config.yaml');
  const { kafka, clickhouse } = engines;
  const config = {
    kafka: {
      brokers: kafka.brokers,
      partitions: kafka.partitions,
      compression: kafka.compression,
      session_timeout_ms: SESSION_TIMEOUT_MS,
    },
    clickhouse: {
      url: clickhouse.url,
      database: clickhouse.database,
      username: clickhouse.username,
      password: clickhouse.password,
    },
    capture: { agent: options.agent, interfaces: options.interfaces },
    aggregate: { window_ms: options.windowMs, allowed_lateness_ms: 2000, idle_timeout_ms: 1500 },
    sflow: { collectors: options.collectors },
  };
  writeFileSync(path, `# Written by tcxflow up.\n${stringify(config)}`, { mode: 0o600 });
  return path;
}
