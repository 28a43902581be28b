// A real Apache Kafka (KRaft, one combined node) on loopback, from the jars that setup fetched with Maven.

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import kafkajs from '@tcxflow/common/kafkajs.ts';
import { type Child, startChild, waitUntilUp } from './child.ts';
import { type KafkaPaths, kafkaPaths, kafkaProperties } from './kafka-settings.ts';
import { endLeftover } from './pid-file.ts';
import { choosePort } from './ports.ts';
import { EmbeddedError, type EmbeddedLog } from './types.ts';

export interface KafkaOptions {
  /** Kafka's files go below `dataDir`/kafka. */
  dataDir: string;
  log: EmbeddedLog;
  /** Taken when it is free, else another is chosen; 0: any. */
  port?: number;
  /** Where clients are sent to: a proxy before Kafka. Default: its own port. */
  advertisedPort?: number;
}

export interface EmbeddedKafka {
  brokers: string[];
  pid: number;
  /** Resolves when the process is gone, with what ended it. */
  exited: Promise<string>;
  stop(): Promise<void>;
}

const DEFAULT_PORT = 19092;
/** 2.5 s on an idle machine of 2 cores; after a hard end it also recovers its logs. */
const START_DEADLINE_MS = 90_000;
const STOP_GRACE_MS = 15_000;

const jars = fileURLToPath(new URL('./kafka/jars/', import.meta.url));
const log4j = fileURLToPath(new URL('./kafka/log4j2.xml', import.meta.url));

export async function startKafka(options: KafkaOptions): Promise<EmbeddedKafka> {
  const { log } = options;
  const startedAt = performance.now();
  const java = findJava();
  checkJars();
  const paths = kafkaPaths(resolve(options.dataDir));
  mkdirSync(paths.logs, { recursive: true });
  await endLeftover(paths.pidFile, 'kafka', STOP_GRACE_MS, log);

  const preferred = options.port ?? DEFAULT_PORT;
  const port = await choosePort(preferred);
  const controllerPort = await choosePort(port + 1, [port]);
  if (preferred !== 0 && port !== preferred) log.info({ preferred, port }, 'kafka: port is taken, using another');
  writeFileSync(paths.properties, kafkaProperties(paths, port, controllerPort, options.advertisedPort));
  await formatOnce(java, paths, log);

  const child = await runJava(java, paths, log, ['kafka.Kafka', paths.properties]);
  const brokers = [`127.0.0.1:${port}`];
  const logFile = `${paths.logs}/kafka.log`;
  await waitUntilUp(child, () => probe(brokers), { name: 'kafka', deadlineMs: START_DEADLINE_MS, logFile, log });
  log.info({ brokers, pid: child.pid, tookMs: Math.round(performance.now() - startedAt) }, 'kafka is up');
  return {
    brokers,
    pid: child.pid,
    exited: child.exited,
    async stop() {
      await child.stop();
      rmSync(paths.pidFile, { force: true });
    },
  };
}

/** Gives the data folder its cluster id. The mark is written last: without it nothing was ever stored, so start afresh. */
async function formatOnce(java: string, paths: KafkaPaths, log: EmbeddedLog): Promise<void> {
  if (existsSync(paths.formatted)) return;
  log.info({ folder: paths.home }, 'kafka: formatting a new data folder');
  rmSync(paths.data, { recursive: true, force: true });
  const clusterId = randomClusterId();
  const format = ['kafka.tools.StorageTool', 'format', '--standalone', '-t', clusterId, '-c', paths.properties];
  const child = await runJava(java, paths, log, format);
  const how = await child.exited;
  if (how !== 'code 0') {
    throw new EmbeddedError(
      'EMBEDDED_START',
      `kafka: formatting ended with ${how}\n${child.output().trim()}`,
      'see above',
    );
  }
  writeFileSync(paths.formatted, `${clusterId}\n`);
}

/** 16 random bytes in base64url, as Kafka's own `random-uuid`: without a leading `-`, which would be taken for an option. */
export function randomClusterId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}

function runJava(java: string, paths: KafkaPaths, log: EmbeddedLog, args: string[]): Promise<Child> {
  return startChild({
    name: 'kafka',
    command: java,
    args: [
      // Small and quick to start rather than fast at its peak: 0.3 GB resident, listening after 2.3 s.
      ...['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:+ExitOnOutOfMemoryError'],
      ...['-Djava.awt.headless=true', `-XX:ErrorFile=${paths.logs}/jvm-crash.log`],
      ...[`-Dlog4j2.configurationFile=${log4j}`, `-Dtcxflow.logs=${paths.logs}`],
      ...['-cp', `${jars}*`, ...args],
    ],
    pidFile: paths.pidFile,
    graceMs: STOP_GRACE_MS,
    stopSignal: 'TERM',
    log,
  });
}

/** The port opens before the broker is let into its own cluster: only metadata that lists it says that it is up. */
async function probe(brokers: string[]): Promise<void> {
  const kafka = new kafkajs.Kafka({
    clientId: 'tcxflow-embedded',
    brokers,
    connectionTimeout: 1000,
    requestTimeout: 2000,
    retry: { retries: 0 },
    // Refused connections are what waiting looks like; the last error goes into ours.
    logCreator: () => () => {},
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    const cluster = await admin.describeCluster();
    if (cluster.brokers.length === 0) throw new Error('the broker is not in its cluster yet');
  } finally {
    await admin.disconnect();
  }
}

function findJava(): string {
  const { JAVA_HOME, PATH } = process.env;
  const folders = [...(JAVA_HOME ? [`${JAVA_HOME}/bin`] : []), ...(PATH ?? '').split(delimiter)];
  const found = folders.map((folder) => `${folder}/java`).find((file) => existsSync(file));
  if (found) return found;
  throw new EmbeddedError(
    'EMBEDDED_MISSING',
    'kafka: no java on PATH',
    'npm run setup installs it (Java 17 or newer); or set kafka.brokers to a Kafka of your own',
  );
}

function checkJars(): void {
  if (existsSync(jars) && readdirSync(jars).some((name) => name.startsWith('kafka_'))) return;
  throw new EmbeddedError(
    'EMBEDDED_MISSING',
    'kafka: its jars are not there',
    'npm run setup fetches them; or set kafka.brokers to a Kafka of your own',
  );
}
