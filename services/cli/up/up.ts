// `tcxflow up`: engines, lab, services; then the numbers.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { type ClickHouseClient, createClickHouse } from '@tcxflow/common/clickhouse.ts';
import { loadConfig } from '@tcxflow/common/config.ts';
import { ConfigError, reportFatal, TcxflowError } from '@tcxflow/common/errors.ts';
import { createKafka, waitForKafka } from '@tcxflow/common/kafka.ts';
import { createLogger } from '@tcxflow/common/logger.ts';
import type { Lab } from '@tcxflow/lab/lab.ts';
import { writerSection } from '@tcxflow/writer/config.ts';
import { migrate } from '@tcxflow/writer/migrations.ts';
import { layoutOf } from '@tcxflow/writer/migrations-cluster.ts';
import { readRunFile, runFilePath, toolSchema } from '../clickhouse-access.ts';
import { accountOf } from '../ledger/account.ts';
import { rangeOf, readLedger } from '../ledger/ledger.ts';
import { type ServiceProcess, startService } from './children.ts';
import { writeConfigFile } from './config-file.ts';
import { drain } from './drain.ts';
import { startEngines } from './engines.ts';
import { freePorts } from './ports.ts';
import { makeReport, subtractTotals } from './report.ts';
import { takeSnapshot } from './snapshot.ts';
import { renderTalkers } from './status.ts';
import { readTopTalkers, readTotals } from './store.ts';
import { firstAnswerHints, TALKERS, watch } from './watch.ts';

export interface UpOptions {
  interface: string[];
  rate?: number;
  sflow: string[];
  seconds?: number;
  report?: string;
  window: number;
  dataDir: string;
  config?: string;
}

/** In the order in which they start; they stop in this order too, from the intake to the output. */
const serviceNames = ['capture', 'decode', 'aggregate', 'writer', 'sflow'];
const READY_MS = 30_000;
const DRAIN_MS = 90_000;
/** So that the minute that is not over is in the range. */
const LEDGER_AHEAD_MS = 60_000;

/** What must be undone, last first. */
type Cleanup = { what: string; undo: () => Promise<void> | void };

export async function up(options: UpOptions): Promise<number> {
  const cleanups: Cleanup[] = [];
  const out = options.report ? process.stderr : process.stdout;
  const say = (line: string) => void out.write(`${line}\n`);
  const stop = Promise.withResolvers<string>();
  const onSignal = (signal: NodeJS.Signals) => {
    say(`\n${signal}: stopping (again: at once)`);
    stop.resolve(signal);
    process.once(signal, () => process.exit(130));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, onSignal);
  let exitCode = 0;
  try {
    exitCode = await run(options, cleanups, say, out, stop.promise);
  } catch (error) {
    exitCode = reportFatal(error);
  }
  for (const { what, undo } of cleanups.reverse()) {
    try {
      await undo();
    } catch (error) {
      process.stderr.write(`tcxflow: ${what}: ${(error as Error).message}\n`);
      exitCode ||= 1;
    }
  }
  say('all stopped');
  return exitCode;
}

async function run(
  options: UpOptions,
  cleanups: Cleanup[],
  say: (line: string) => void,
  out: NodeJS.WriteStream,
  stop: Promise<string>,
): Promise<number> {
  checkOptions(options);
  await checkInterfaces(options.interface);
  const { config } = options;
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true });
  const running = readRunFile(dataDir);
  if (running)
    throw new TcxflowError('RUNNING', `another tcxflow up (pid ${running.pid}) uses ${dataDir}`, {
      hint: 'stop it, or choose another folder with --data-dir',
    });
  const log = createLogger({ level: 'warn', format: 'auto' }, 'up');
  const inLab = options.interface.length === 0;
  const rate = options.rate ?? (inLab ? 10 : 1000);
  if (inLab) say('no --interface given: building a lab of three network namespaces with traffic of its own');

  const starting = startEngines({ dataDir, config, log, say }).then((started) => {
    cleanups.push({ what: 'stopping the engines', undo: started.stop });
    return started;
  });
  const making = inLab ? makeLab(cleanups, say) : undefined;
  // Whatever became of one of them, the other is then there to be stopped.
  await Promise.allSettled([starting, making]);
  const [engines, lab] = [await starting, await making];

  const kafka = createKafka(engines.kafka, 'up', log);
  await waitForKafka(engines.kafka, log, AbortSignal.timeout(READY_MS));
  const client = createClickHouse(engines.clickhouse);
  cleanups.push({ what: 'closing the connection to ClickHouse', undo: () => client.close() });
  const { writer } = loadConfig(toolSchema.extend({ writer: writerSection }), { file: config });
  const applied = await migrate(client, writer.retention, layoutOf(engines.clickhouse));
  if (applied.length > 0) say(`schema       ${applied.join(', ')} applied`);

  const agent = lab ? `lab-${Date.now().toString(36)}` : hostname();
  const configFile = writeConfigFile(dataDir, engines, {
    agent,
    interfaces: lab ? [{ match: 'eth*', netns: lab.netns, rate }] : options.interface.map((match) => ({ match, rate })),
    collectors: options.sflow.length > 0 ? options.sflow : ['127.0.0.1:6343'],
    windowMs: options.window * 1000,
  });
  const before = await readTotals(client, agent);
  const startedAt = new Date();
  const services = await startServices(dataDir, configFile, cleanups, say);
  const { url, database, username, password } = engines.clickhouse;
  writeRunFile(dataDir, {
    brokers: engines.kafka.brokers,
    clickhouse: { url, database, username, password },
    services,
  });
  cleanups.push({ what: 'removing the run file', undo: () => rmSync(runFilePath(dataDir), { force: true }) });

  const truthBefore = await lab?.truth();
  await lab?.startTraffic();
  say(
    lab
      ? `traffic      runs in ${lab.netns}, sampled 1:${rate}`
      : `sampling     ${options.interface.join(', ')} at 1:${rate}`,
  );
  const hints = firstAnswerHints(engines.clickhouse.url, config ? undefined : dataDir);
  const ended = await watch({ seconds: options.seconds, client, agent, services, out, hints, stop });
  if (ended !== 'time') return 0;

  say('time is up: draining');
  await lab?.stopTraffic();
  services.find(({ name }) => name === 'capture')?.kill('SIGUSR1');
  await untilPublished(services);
  const admin = kafka.admin();
  await admin.connect();
  const drained = await drain(admin, DRAIN_MS);
  await admin.disconnect();
  if (!drained) say(`not everything was processed within ${DRAIN_MS / 1000} s`);

  const truthAfter = await lab?.truth();
  const truth =
    truthBefore && truthAfter
      ? { packets: truthAfter.packets - truthBefore.packets, bytes: truthAfter.bytes - truthBefore.bytes }
      : null;
  const store = subtractTotals(await readTotals(client, agent), before);
  const report = makeReport(await takeSnapshot(services), store, truth);
  const account = await accountSince(client, startedAt, agent);
  if (!account.ok || account.chosen !== account.stored) say(`ledger       ${account.sentence}`);
  for (const line of renderTalkers(await readTopTalkers(client, agent, TALKERS))) say(line);
  if (options.report) {
    cleanups.unshift({
      what: 'printing the report',
      undo: () => void process.stdout.write(`${JSON.stringify(report)}\n`),
    });
  } else say(JSON.stringify(report, null, 2));
  return drained ? 0 : 1;
}

/** By the ledger in ClickHouse, which asks none of the services. */
async function accountSince(client: ClickHouseClient, startedAt: Date, agent: string) {
  const range = rangeOf({ from: startedAt.toISOString(), to: new Date(Date.now() + LEDGER_AHEAD_MS).toISOString() }, 0);
  return accountOf(await readLedger(client, range, agent));
}

/** Waits until Kafka has all that capture had, on disk too; drain() then sees the rest of the way. */
async function untilPublished(services: readonly ServiceProcess[]): Promise<void> {
  let nothing = 0;
  for (const until = Date.now() + DRAIN_MS; nothing < 3 && Date.now() < until; ) {
    await new Promise((done) => setTimeout(done, 300));
    nothing = (await takeSnapshot(services)).unpublished === 0 ? nothing + 1 : 0;
  }
}

function checkOptions(options: UpOptions): void {
  if (options.report && options.report !== 'json')
    throw new ConfigError(`--report ${options.report}: json is the only format`);
  if (options.report && !options.seconds)
    throw new ConfigError('--report needs --seconds: it is made when the run ends');
  if (process.getuid?.() !== 0)
    throw new TcxflowError('NOT_ROOT', 'tcxflow up loads BPF programs and needs root', { hint: 'run: sudo npm start' });
}

/** Later interfaces are waited for; but somebody who names one here wants to see it now. */
async function checkInterfaces(patterns: readonly string[]): Promise<void> {
  if (patterns.length === 0) return;
  const { listLinks } = await import('libbpf-ts/links.ts');
  const { nameMatcher } = await import('@tcxflow/capture/interfaces.ts');
  const names = listLinks().map(({ name }) => name);
  for (const pattern of patterns)
    if (!names.some(nameMatcher(pattern)))
      throw new TcxflowError('NO_INTERFACE', `no interface is called ${pattern}`, {
        hint: `there are: ${names.join(', ')}`,
        exitCode: 2,
      });
}

async function makeLab(cleanups: Cleanup[], say: (line: string) => void): Promise<Lab> {
  const { createLab, removeStaleLabs } = await import('@tcxflow/lab/lab.ts');
  const stale = await removeStaleLabs();
  if (stale.length > 0) say(`lab          removed ${stale.length} namespaces that a run which crashed had left`);
  const lab = await createLab();
  cleanups.push({ what: 'removing the lab', undo: () => lab.remove() });
  say(`lab          ${lab.netns}: eth0 and eth1, a client behind each`);
  return lab;
}

async function startServices(
  dataDir: string,
  configFile: string,
  cleanups: Cleanup[],
  say: (line: string) => void,
): Promise<ServiceProcess[]> {
  const startedAt = Date.now();
  const ports = await freePorts(serviceNames.length);
  const services = serviceNames.map((name, index) =>
    startService({
      name,
      configFile,
      metricsPort: ports[index] ?? 0,
      dataDir,
      onCrash: (crashed, code, logFile) =>
        say(`${crashed} ended with ${code ?? 'a signal'}; starting it again (${logFile})`),
    }),
  );
  cleanups.push({
    what: 'stopping the services',
    undo: async () => {
      for (const service of services) await service.stop(10_000);
    },
  });
  await Promise.all(
    services.map(async (service) => {
      await service.ready(READY_MS);
      say(`${service.name.padEnd(12)} ready in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
    }),
  );
  return services;
}

function writeRunFile(
  dataDir: string,
  run: { brokers: string[]; clickhouse: object; services: readonly ServiceProcess[] },
): void {
  const services = Object.fromEntries(run.services.map(({ name, metricsUrl }) => [name, metricsUrl]));
  writeFileSync(runFilePath(dataDir), JSON.stringify({ pid: process.pid, ...run, services }, null, 2), { mode: 0o600 });
}
