// `tcxflow doctor`: what this machine has, what it lacks, and the command that mends it.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { release } from 'node:os';
import { createClickHouse } from '@tcxflow/common/clickhouse.ts';
import { loadConfig } from '@tcxflow/common/config.ts';
import { createKafka } from '@tcxflow/common/kafka.ts';
import { createLogger } from '@tcxflow/common/logger.ts';
import { openCapture } from 'libbpf-ts/capture.ts';
import { openDrops } from 'libbpf-ts/drops.ts';
import { isTcxKernel } from 'libbpf-ts/errors.ts';
import { libbpfVersion } from 'libbpf-ts/links.ts';
import { readRunFile, toolSchema } from './clickhouse-access.ts';

interface Finding {
  check: string;
  state: 'ok' | 'warning' | 'missing';
  found: string;
  remedy?: string;
}

const CAP_NET_ADMIN = 12;
const CAP_BPF = 39;

export async function doctorCommand(options: { config?: string; dataDir: string }): Promise<number> {
  const findings = [...localFindings(), ...(await engineFindings(options))];
  for (const { check, state, found, remedy } of findings) {
    const mark = { ok: 'ok     ', warning: 'warning', missing: 'MISSING' }[state];
    process.stdout.write(`${mark}  ${check.padEnd(12)} ${found}\n${remedy ? `${' '.repeat(22)}→ ${remedy}\n` : ''}`);
  }
  return findings.some(({ state }) => state === 'missing') ? 1 : 0;
}

function localFindings(): Finding[] {
  return [
    kernel(),
    capabilities(),
    btf(),
    command('java', ['-version'], 'default-jre-headless'),
    libbpf(),
    node(),
    programs(),
    drops(),
  ];
}

function kernel(): Finding {
  const found = release();
  return isTcxKernel(found)
    ? { check: 'kernel', state: 'ok', found: `Linux ${found}` }
    : {
        check: 'kernel',
        state: 'missing',
        found: `Linux ${found}`,
        remedy: 'TCX hooks came with Linux 6.6: use a newer kernel',
      };
}

function capabilities(): Finding {
  const text = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const effective = BigInt(`0x${text}`);
  const has = (bit: number) => (effective >> BigInt(bit)) % 2n === 1n;
  const lacking = [...(has(CAP_BPF) ? [] : ['CAP_BPF']), ...(has(CAP_NET_ADMIN) ? [] : ['CAP_NET_ADMIN'])];
  return lacking.length === 0
    ? { check: 'capabilities', state: 'ok', found: 'CAP_BPF, CAP_NET_ADMIN' }
    : {
        check: 'capabilities',
        state: 'missing',
        found: `without ${lacking.join(', ')}`,
        remedy: 'run as root, for example with sudo',
      };
}

function btf(): Finding {
  return existsSync('/sys/kernel/btf/vmlinux')
    ? { check: 'BTF', state: 'ok', found: '/sys/kernel/btf/vmlinux' }
    : {
        check: 'BTF',
        state: 'warning',
        found: 'no /sys/kernel/btf/vmlinux',
        remedy: 'capture works without it; a kernel with CONFIG_DEBUG_INFO_BTF helps to debug',
      };
}

function command(name: string, args: string[], aptPackage: string): Finding {
  try {
    const output = execFileSync('sh', ['-c', `${name} ${args.join(' ')} 2>&1`], { encoding: 'utf8' });
    return { check: name, state: 'ok', found: output.split('\n')[0] ?? '' };
  } catch {
    return {
      check: name,
      state: 'warning',
      found: 'not found',
      remedy: `only the embedded Kafka needs it: apt-get install ${aptPackage}`,
    };
  }
}

function libbpf(): Finding {
  try {
    return { check: 'libbpf', state: 'ok', found: libbpfVersion() };
  } catch (error) {
    const { message, hint } = error as { message: string; hint?: string };
    return { check: 'libbpf', state: 'missing', found: message.split('\n')[0] ?? '', remedy: hint ?? 'npm run setup' };
  }
}

function node(): Finding {
  return { check: 'node', state: 'ok', found: process.version };
}

/** The only proof that the kernel takes the programs is to load them. */
function programs(): Finding {
  try {
    openCapture({ ringBytes: 4096, onBatch: () => undefined }).close();
    return { check: 'BPF', state: 'ok', found: 'both programs load' };
  } catch (error) {
    const { message, hint } = error as { message: string; hint?: string };
    return { check: 'BPF', state: 'missing', found: message.split('\n')[0] ?? '', remedy: hint ?? 'see the message' };
  }
}

/** Sampling does without. */
function drops(): Finding {
  try {
    openDrops({ rate: 1, maxPerSecond: 1, ringBytes: 4096, onBatch: () => undefined }).close();
    return { check: 'drops', state: 'ok', found: 'dropped packets can be told, with their reason' };
  } catch (error) {
    const { message, hint } = error as { message: string; hint?: string };
    return { check: 'drops', state: 'warning', found: message.split('\n')[0] ?? '', remedy: hint ?? 'see the message' };
  }
}

async function engineFindings(options: { config?: string; dataDir: string }): Promise<Finding[]> {
  const run = readRunFile(options.dataDir);
  if (!options.config && !run) return embeddedFindings();
  const config = loadConfig(toolSchema, { file: options.config });
  const clickhouse = options.config || !run ? config.clickhouse : { ...config.clickhouse, ...run.clickhouse };
  const kafka = options.config || !run ? config.kafka : { ...config.kafka, brokers: run.brokers };
  return [await kafkaFinding(kafka), await clickhouseFinding(clickhouse)];
}

/** Nothing runs: what `up` would start, or what to do so that it can. */
function embeddedFindings(): Finding[] {
  const embedded = new URL('../../deploy/embedded/', import.meta.url);
  const jars = existsSync(new URL('kafka/jars/.pom-hash', embedded));
  const remedy = 'npm run setup, or --config FILE with the addresses of your own';
  let chdb = '';
  try {
    chdb = createRequire(new URL('clickhouse.ts', embedded)).resolve('chdb/libchdb');
  } catch {
    // Not installed: an optional dependency.
  }
  return [
    jars
      ? { check: 'Kafka', state: 'ok', found: 'none is running here; its jars are there, npm start brings it up' }
      : {
          check: 'Kafka',
          state: 'warning',
          found: 'none is running here, and the embedded one is not installed',
          remedy,
        },
    chdb
      ? { check: 'ClickHouse', state: 'ok', found: 'none is running here; chdb is there, npm start brings it up' }
      : { check: 'ClickHouse', state: 'warning', found: 'none is running here, and chdb is not installed', remedy },
  ];
}

async function kafkaFinding(config: Parameters<typeof createKafka>[0]): Promise<Finding> {
  const log = createLogger({ level: 'error', format: 'json' }, 'doctor');
  const admin = createKafka(config, 'doctor', log, 1).admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    return { check: 'Kafka', state: 'ok', found: `${brokers.length} broker(s) at ${config.brokers.join(', ')}` };
  } catch (error) {
    return {
      check: 'Kafka',
      state: 'missing',
      found: (error as Error).message,
      remedy: 'check kafka.brokers and that the broker runs',
    };
  } finally {
    await admin.disconnect();
  }
}

async function clickhouseFinding(config: Parameters<typeof createClickHouse>[0]): Promise<Finding> {
  const client = createClickHouse(config);
  try {
    const result = await client.query({ query: 'SELECT version() AS version', format: 'JSONEachRow' });
    const [row] = await result.json<{ version: string }>();
    return { check: 'ClickHouse', state: 'ok', found: `${row?.version} at ${config.url}` };
  } catch (error) {
    return {
      check: 'ClickHouse',
      state: 'missing',
      found: (error as Error).message,
      remedy: 'check clickhouse.url, user and password',
    };
  } finally {
    await client.close();
  }
}
