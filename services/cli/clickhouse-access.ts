// Where the tools find ClickHouse: the configuration, else what a running `tcxflow up` has written down.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ClickHouseConfig, commonSections, type KafkaConfig, loadConfig } from '@tcxflow/common/config.ts';
import { TcxflowError } from '@tcxflow/common/errors.ts';
import { z } from 'zod';

/** What `up` writes into the data folder while it runs; readable by its owner only. */
export interface RunFile {
  pid: number;
  brokers: string[];
  clickhouse: { url: string; database: string; username: string; password: string };
  services: Record<string, string>;
}

export function runFilePath(dataDir: string): string {
  return join(dataDir, 'run.json');
}

export function readRunFile(dataDir: string): RunFile | undefined {
  const path = runFilePath(dataDir);
  if (!existsSync(path)) return undefined;
  const run = JSON.parse(readFileSync(path, 'utf8')) as RunFile;
  return existsSync(`/proc/${run.pid}`) ? run : undefined;
}

/** Sections that a tool reads of a file that may hold more. */
export const toolSchema = z.looseObject(commonSections);

/** @throws {TcxflowError} neither a configuration nor a running `up` */
export function findClickHouse(options: { config?: string | undefined; dataDir?: string }): ClickHouseConfig {
  const fromEnvironment = Object.keys(process.env).some((name) => name.startsWith('TCXFLOW_CLICKHOUSE__'));
  const { clickhouse } = loadConfig(toolSchema, { file: options.config });
  if (options.config || fromEnvironment) return clickhouse;
  const run = readRunFile(options.dataDir ?? '.tcxflow');
  if (run) return { ...clickhouse, ...run.clickhouse };
  throw new TcxflowError('NOT_RUNNING', 'no `tcxflow up` is running here, and no ClickHouse is configured', {
    hint: 'start one with npm start, or name a configuration with --config FILE',
  });
}

/** The same for Kafka. @throws {TcxflowError} neither a configuration nor a running `up` */
export function findKafka(options: { config?: string | undefined; dataDir?: string }): KafkaConfig {
  const fromEnvironment = Object.keys(process.env).some((name) => name.startsWith('TCXFLOW_KAFKA__'));
  const { kafka } = loadConfig(toolSchema, { file: options.config });
  if (options.config || fromEnvironment) return kafka;
  const run = readRunFile(options.dataDir ?? '.tcxflow');
  if (run) return { ...kafka, brokers: run.brokers };
  throw new TcxflowError('NOT_RUNNING', 'no `tcxflow up` is running here, and no Kafka is configured', {
    hint: 'start one with npm start, or name a configuration with --config FILE',
  });
}
