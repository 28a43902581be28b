// Shared by the tests of this folder: a data folder of their own, a quiet log, and the question whether engines can run here.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from '@tcxflow/common/kafkajs.ts';
import type { Kafka } from 'kafkajs';
import type { EmbeddedLog } from '../types.ts';

const embedded = new URL('../', import.meta.url);

/** What is missing skips a test on a developer's machine; in CI it runs, and fails with the engine's own words. */
export function skipWithout(...engines: ('kafka' | 'clickhouse')[]): { skip: string | false } {
  const missing = engines.flatMap((engine) => (engine === 'kafka' ? missingForKafka() : missingForClickHouse()));
  return { skip: missing.length > 0 && process.env.CI !== 'true' ? `${missing.join(', ')}: run npm run setup` : false };
}

function missingForKafka(): string[] {
  const java = (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(`${folder}/java`));
  return [...(java ? [] : ['no java']), ...(existsSync(new URL('kafka/jars', embedded)) ? [] : ['no Kafka jars'])];
}

function missingForClickHouse(): string[] {
  const { resolve } = createRequire(import.meta.url);
  try {
    for (const name of ['chdb/libchdb', 'ffi-rs']) resolve(name);
    return [];
  } catch {
    return ['no chdb'];
  }
}

/** Removed after the test, when whatever ran in it has been stopped: hooks run in the order in which they were added. */
export function temporaryFolder(): string {
  return mkdtempSync(`${tmpdir()}/tcxflow-embedded-`);
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

export interface RecordingLog extends EmbeddedLog {
  lines: string[];
}

export function recordingLog(): RecordingLog {
  const lines: string[] = [];
  const write = (level: string) => (_fields: object, message: string) => void lines.push(`${level}: ${message}`);
  return { lines, debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

export function connect(brokers: string[]): Kafka {
  return new kafkajs.Kafka({
    clientId: 'test',
    brokers,
    // Coordinators are still loading right after a start, which kafkajs logs as errors while it tries again.
    retry: { initialRetryTime: 50, retries: 20 },
    logCreator: () => () => {},
  });
}

/** Reads a topic from its beginning until `count` messages are there. */
export async function readMessages(
  kafka: Kafka,
  topic: string,
  count: number,
  context: TestContext,
): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: `test-${crypto.randomUUID()}` });
  const values: string[] = [];
  const enough = Promise.withResolvers<void>();
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        if (values.push(String(message.value)) >= count) enough.resolve();
      },
    });
    const late = sleep(20_000, undefined, { signal: context.signal, ref: false }).then(() => {
      throw new Error(`only ${values.length} of ${count} messages within 20 s`);
    });
    await Promise.race([enough.promise, late]);
  } finally {
    await consumer.disconnect();
  }
  return values;
}

/** Every process whose command line names the folder: engines and their tethers alike. */
export function processesIn(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => ({ pid, line: commandLine(pid) }))
    .filter(({ line }) => line.includes(folder))
    .map(({ pid, line }) => `${pid} ${line.slice(0, 120)}`);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return ''; // it ended between the listing and the reading
  }
}
