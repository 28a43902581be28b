// The configuration that `up` gives its services, as the YAML file that users write themselves when they run services apart.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { toYaml } from '@tcxflow/common/config.ts';
import type { Engines } from './engines.ts';

export interface PipelineOptions {
  agent: string;
  interfaces: { match: string; netns?: string; rate: number }[];
  collectors: string[];
  windowMs: number;
}

/** @returns its path; readable by its owner only, as it has a password */
export function writeConfigFile(dataDir: string, engines: Engines, options: PipelineOptions): string {
  const { kafka, clickhouse } = engines;
  const path = join(dataDir, 'config.yaml');
  const text = toYaml({
    kafka,
    clickhouse,
    capture: { agent: options.agent, interfaces: options.interfaces, spoolFolder: join(resolve(dataDir), 'spool') },
    aggregate: { windowMs: options.windowMs, allowedLatenessMs: 2000, idleTimeoutMs: 1500 },
    sflow: { collectors: options.collectors },
  });
  mkdirSync(dataDir, { recursive: true });
  rmSync(path, { force: true }); // the mode counts for a new file only
  writeFileSync(path, `# Written by tcxflow up.\n${text}`, { mode: 0o600 });
  return path;
}
