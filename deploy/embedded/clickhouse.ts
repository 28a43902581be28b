// A real ClickHouse on loopback: chdb's library holds ClickHouse's own HTTP server, which `clickhouse local` can start.
// This is not a documented use of chdb: its version is pinned, and the tests beside this file are what says that it works.

import { mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild, waitUntilUp } from './child.ts';
import { loadPasswords, usersXml, writeSecret } from './clickhouse-users.ts';
import { endLeftover } from './pid-file.ts';
import { choosePort } from './ports.ts';
import { EmbeddedError, type EmbeddedLog } from './types.ts';

export interface ClickHouseOptions {
  /** ClickHouse's files go below `dataDir`/clickhouse. */
  dataDir: string;
  log: EmbeddedLog;
  /** Taken when it is free, else another is chosen; 0: any. */
  httpPort?: number;
}

export interface ClickHouseUser {
  username: string;
  password: string;
}

/** `username` and `password` are those of the services; `users.analyst` may only read. */
export interface EmbeddedClickHouse extends ClickHouseUser {
  url: string;
  database: string;
  users: { tcxflow: ClickHouseUser; analyst: ClickHouseUser };
  pid: number;
  /** Resolves when the process is gone, with what ended it. */
  exited: Promise<string>;
  stop(): Promise<void>;
}

const DATABASE = 'tcxflow';
const DEFAULT_PORT = 18123;
/** Up in 0.3 s; loading many parts from a cold disk takes longer. */
const START_DEADLINE_MS = 60_000;
const STOP_GRACE_MS = 10_000;

const server = fileURLToPath(new URL('./clickhouse-server.cjs', import.meta.url));

/** The last query waits on stdin, a pipe from here: its end is the server's clean end. `-` is the descriptor, not a file. */
const startupQuery = [
  `CREATE DATABASE IF NOT EXISTS ${DATABASE}`,
  'SYSTEM START LISTEN HTTP',
  "SELECT count() FROM file('-', 'LineAsString') FORMAT Null",
].join('; ');

export async function startClickHouse(options: ClickHouseOptions): Promise<EmbeddedClickHouse> {
  const { log } = options;
  const startedAt = performance.now();
  const library = findLibrary();
  const home = `${resolve(options.dataDir)}/clickhouse`;
  const pidFile = `${home}/pid`;
  const logFile = `${home}/logs/clickhouse.log`;
  // Its owner alone: flows say who talked to whom.
  mkdirSync(`${home}/logs`, { recursive: true, mode: 0o700 });
  await endLeftover(pidFile, 'clickhouse', STOP_GRACE_MS, log);

  const passwords = loadPasswords(`${home}/passwords.json`);
  writeSecret(`${home}/users.xml`, usersXml(passwords));
  writeSecret(`${home}/config.xml`, configXml(home, logFile));
  const preferred = options.httpPort ?? DEFAULT_PORT;
  const port = await choosePort(preferred);
  if (preferred !== 0 && port !== preferred) log.info({ preferred, port }, 'clickhouse: port is taken, using another');

  const child = await startChild({
    name: 'clickhouse',
    command: process.execPath,
    args: [
      ...[server, library, `--path=${home}/data`, `--config-file=${home}/config.xml`],
      // The level in the configuration is ignored: without this the log is a trace.
      ...[`--http_port=${port}`, '--listen_host=127.0.0.1', '--log-level=warning'],
      ...['--multiquery', '--query', startupQuery],
    ],
    // What this process was started with (a debugger, a loader) is not for the engine.
    env: { NODE_OPTIONS: '' },
    pidFile,
    graceMs: STOP_GRACE_MS,
    stopSignal: 'CONT',
    log,
  });
  const url = `http://127.0.0.1:${port}`;
  const tcxflow = { username: 'tcxflow', password: passwords.tcxflow };
  const analyst = { username: 'analyst', password: passwords.analyst };
  await waitUntilUp(child, () => probe(url, tcxflow), {
    name: 'clickhouse',
    deadlineMs: START_DEADLINE_MS,
    logFile,
    log,
  });
  log.info({ url, pid: child.pid, tookMs: Math.round(performance.now() - startedAt) }, 'clickhouse is up');
  return {
    url,
    database: DATABASE,
    ...tcxflow,
    users: { tcxflow, analyst },
    pid: child.pid,
    exited: child.exited,
    async stop() {
      await child.stop();
      rmSync(pidFile, { force: true });
    },
  };
}

/** With the password, because another program may have taken the port: only ours knows it. */
async function probe(url: string, user: ClickHouseUser): Promise<void> {
  const response = await fetch(`${url}/?query=SELECT+1`, {
    headers: { 'X-ClickHouse-User': user.username, 'X-ClickHouse-Key': user.password, connection: 'close' },
    signal: AbortSignal.timeout(2000),
  });
  const answer = await response.text();
  if (answer !== '1\n') throw new Error(`${url} answered ${response.status} ${answer}`);
}

function configXml(home: string, logFile: string): string {
  return `<clickhouse>
  <users_config>${escapeXml(home)}/users.xml</users_config>
  <logger><log>${escapeXml(logFile)}</log><size>5M</size><count>3</count></logger>
  <!-- The services and Kafka share the machine. -->
  <max_server_memory_usage_to_ram_ratio>0.5</max_server_memory_usage_to_ram_ratio>
  <mark_cache_size>268435456</mark_cache_size>
  <!-- Idle connections of clients must not hold up the end. -->
  <shutdown_wait_unfinished>1</shutdown_wait_unfinished>
</clickhouse>
`;
}

function escapeXml(text: string): string {
  return text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function findLibrary(): string {
  const require = createRequire(import.meta.url);
  try {
    require.resolve('ffi-rs');
    return (require('chdb/libchdb') as { libchdbPath(): string }).libchdbPath();
  } catch (cause) {
    throw new EmbeddedError(
      'EMBEDDED_MISSING',
      'clickhouse: chdb or ffi-rs is not installed (they are optional dependencies)',
      'npm ci without --omit=optional installs them; or set clickhouse.url to a ClickHouse of your own',
      { cause },
    );
  }
}
