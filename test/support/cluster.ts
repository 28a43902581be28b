// A cluster of real ClickHouses on loopback, one a shard, with what migrations say for a cluster. chdb refuses ON CLUSTER and has
// no way to replicate: what is said ON CLUSTER is therefore said to each shard, with engines that are not replicated.

import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type ClickHouseClient, createClickHouse } from '@tcxflow/common/clickhouse.ts';
import { commonSections } from '@tcxflow/common/config.ts';
import { startChild, waitUntilUp } from '@tcxflow/embedded/child.ts';
import { loadPasswords, usersXml, writeSecret } from '@tcxflow/embedded/clickhouse-users.ts';
import { choosePort } from '@tcxflow/embedded/ports.ts';
import { recordingLog, removeFolder, temporaryFolder } from '@tcxflow/embedded/testing/engines.ts';
import { splitStatements } from '@tcxflow/writer/migrations.ts';
import { type Store, storeOf } from './store.ts';

const embedded = new URL('../../deploy/embedded/', import.meta.url);
const require = createRequire(new URL('clickhouse.ts', embedded));

export const layout = { cluster: 'lab', database: 'tcxflow' };

export interface Cluster extends Pick<Store, 'ask' | 'write' | 'process'> {
  /** Of the admin at the first shard's server; its commands go to all of them. */
  client: ClickHouseClient;
  /** The same of the writer that may remove what is oldest. */
  sizeCap: ClickHouseClient;
  /** What a shard's server is told here, it is told alone. */
  shards: {
    client: ClickHouseClient;
    writer: ClickHouseClient;
    analyst: ClickHouseClient;
    sizeCap: ClickHouseClient;
    ask: Store['ask'];
    stop(): Promise<void>;
    start(): Promise<void>;
  }[];
  stop(): Promise<void>;
}

/** What a shard without replicas is told. */
export function withoutReplication(statement: string): string {
  return statement
    .replaceAll(/ ON CLUSTER lab\b/g, '')
    .replace(/\bReplicated(\w*MergeTree)\('[^']*', '[^']*'(, )?/, '$1(')
    .replace(
      /\breplicated_deduplication_window = (\d+), replicated_\w+ = \d+/,
      'non_replicated_deduplication_window = $1',
    );
}

export async function startCluster(shardCount: number): Promise<Cluster> {
  const folder = temporaryFolder();
  const passwords = loadPasswords(`${folder}/passwords.json`);
  const ports: number[] = [];
  for (let index = 0; index < 2 * shardCount; index++) ports.push(await choosePort(0, ports));
  const tcpPorts = ports.slice(shardCount);
  const shards = await Promise.all(
    ports.slice(0, shardCount).map((httpPort, index) => {
      const config = configXml(index, tcpPorts, passwords.tcxflow);
      return openShard(`${folder}/${index}`, httpPort, tcpPorts[index] as number, config, passwords);
    }),
  );
  const [first] = shards as [(typeof shards)[0]];
  const toAll = (role: 'client' | 'sizeCap'): ClickHouseClient =>
    Object.create(first[role], {
      command: {
        value: async (parameters: Parameters<ClickHouseClient['command']>[0]) => {
          const query = withoutReplication(parameters.query);
          const all = query === parameters.query ? [first] : shards;
          for (const shard of all) await shard[role].command({ ...parameters, query });
        },
      },
    });
  return {
    client: toAll('client'),
    sizeCap: toAll('sizeCap'),
    shards,
    ...storeOf(first.writer),
    ask: first.ask,
    async stop() {
      for (const shard of shards) {
        await Promise.all([shard.client, shard.writer, shard.analyst, shard.sizeCap].map((client) => client.close()));
        await shard.stop();
      }
      removeFolder(folder);
    },
  };
}

async function openShard(
  home: string,
  httpPort: number,
  tcpPort: number,
  config: (home: string) => string,
  passwords: ReturnType<typeof loadPasswords>,
): Promise<Cluster['shards'][0]> {
  mkdirSync(home);
  writeSecret(
    `${home}/users.xml`,
    usersXml(passwords).replace('</users>', `${roles.map(user(passwords)).join('')}</users>`),
  );
  writeSecret(`${home}/config.xml`, config(home));
  const url = `http://127.0.0.1:${httpPort}`;
  const connect = (role: string) =>
    createClickHouse({
      ...commonSections.clickhouse.parse({}),
      ...{ url, username: `tcxflow_${role}`, password: passwords.tcxflow },
    });
  const [client, writer, analyst, sizeCap] = roles.map(connect) as [Client, Client, Client, Client];
  const startup = [
    'CREATE DATABASE IF NOT EXISTS tcxflow',
    'SYSTEM START LISTEN HTTP',
    'SYSTEM START LISTEN TCP',
    "SELECT count() FROM file('-', 'LineAsString') FORMAT Null",
  ].join('; ');
  let stop = async () => {};
  const start = async () => {
    const log = recordingLog();
    const child = await startChild({
      name: 'clickhouse',
      command: process.execPath,
      args: [
        fileURLToPath(new URL('clickhouse-server.cjs', embedded)),
        (require('chdb/libchdb') as { libchdbPath(): string }).libchdbPath(),
        ...[
          `--path=${home}/data`,
          `--config-file=${home}/config.xml`,
          `--http_port=${httpPort}`,
          `--tcp_port=${tcpPort}`,
        ],
        ...['--listen_host=127.0.0.1', '--log-level=warning', '--multiquery', '--query', startup],
      ],
      env: { NODE_OPTIONS: '' },
      pidFile: `${home}/pid`,
      graceMs: 10_000,
      stopSignal: 'CONT',
      log,
    });
    stop = () => child.stop();
    const probe = async () => void (await client.command({ query: 'SELECT 1' }));
    await waitUntilUp(child, probe, { name: 'clickhouse', deadlineMs: 60_000, logFile: `${home}/log`, log });
  };
  await start();
  return { client, writer, analyst, sizeCap, ask: storeOf(client).ask, start, stop: () => stop() };
}

type Client = ClickHouseClient;
const roles = ['admin', 'writer', 'analyst', 'size_cap'];

/** A user that may do what deploy/clickhouse/users grants to its role, and nothing else; the size cap is a writer that may more. */
function user({ tcxflow }: { tcxflow: string }): (role: string) => string {
  const folder = new URL('../../deploy/clickhouse/users/', import.meta.url);
  const statements = readdirSync(folder).flatMap((file) =>
    splitStatements(readFileSync(new URL(file, folder), 'utf8')),
  );
  return (role) => {
    const own = role === 'size_cap' ? ['size_cap', 'writer'] : [role];
    const grants = statements.filter((text) => own.some((name) => text.endsWith(` TO tcxflow_${name}`)));
    return `<tcxflow_${role}>
      <password>${tcxflow}</password><profile>default</profile><quota>default</quota><networks><ip>127.0.0.1</ip></networks>
      <grants>${grants.map((text) => `<query>${text.replace(/ TO \w+$/, '')}</query>`).join('')}</grants>
    </tcxflow_${role}>`;
  };
}

function configXml(index: number, tcpPorts: readonly number[], password: string): (home: string) => string {
  const shards = tcpPorts.map(
    (port) => `<shard><internal_replication>true</internal_replication>
      <replica><host>127.0.0.1</host><port>${port}</port></replica></shard>`,
  );
  return (home) => `<clickhouse>
  <users_config>${home}/users.xml</users_config>
  <logger><log>${home}/log</log></logger>
  <tcp_port>${tcpPorts[index]}</tcp_port>
  <macros><shard>${index + 1}</shard><replica>r1</replica></macros>
  <!-- In memory, for this server alone: tables that say Replicated can be made, and not written to. -->
  <zookeeper><implementation>testkeeper</implementation></zookeeper>
  <!-- With a secret, a shard lets the user that asks do what that user may. -->
  <remote_servers><lab><secret>${password}</secret>${shards.join('')}</lab></remote_servers>
  <shutdown_wait_unfinished>1</shutdown_wait_unfinished>
</clickhouse>`;
}
