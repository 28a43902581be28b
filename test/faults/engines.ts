// Kafka and ClickHouse behind proxies, on ports that stay the same however often they are killed and started again.

import { type EmbeddedClickHouse, startClickHouse } from '@tcxflow/embedded/clickhouse.ts';
import { type EmbeddedKafka, startKafka } from '@tcxflow/embedded/kafka.ts';
import { choosePort } from '@tcxflow/embedded/ports.ts';
import type { EmbeddedLog } from '@tcxflow/embedded/types.ts';
import { type EngineProxy, startProxy } from './proxy.ts';
import { watchClickHouse, watchKafka } from './requests.ts';

export interface Engine {
  readonly name: 'kafka' | 'clickhouse';
  readonly proxy: EngineProxy;
  readonly pid: number;
  /** kill -9, and a start on the same data and port. @param awayMs in between */
  kill(awayMs: number): Promise<void>;
  /** The same with a clean end. */
  restart(awayMs: number): Promise<void>;
  stop(): Promise<void>;
}

export interface Engines {
  kafka: Engine;
  clickhouse: Engine;
  brokers: string[];
  /** Of the services' user, by the proxy. */
  clickhouseUser: { url: string; username: string; password: string };
}

type Running = EmbeddedKafka | EmbeddedClickHouse;

export async function startEngines(dataDir: string, log: EmbeddedLog): Promise<Engines> {
  const kafkaPort = await choosePort(0);
  const httpPort = await choosePort(0, [kafkaPort]);
  const kafkaProxy = await startProxy(() => kafkaPort, watchKafka);
  const clickhouseProxy = await startProxy(() => httpPort, watchClickHouse);
  let user = { username: '', password: '' };
  const kafka = await openEngine('kafka', kafkaProxy, async () => {
    const running = await startKafka({ dataDir, log, port: kafkaPort, advertisedPort: kafkaProxy.port });
    return checkPort(running, running.brokers[0]?.endsWith(`:${kafkaPort}`));
  });
  const clickhouse = await openEngine('clickhouse', clickhouseProxy, async () => {
    const running = await startClickHouse({ dataDir, log, httpPort });
    user = { username: running.username, password: running.password };
    return checkPort(running, running.url.endsWith(`:${httpPort}`));
  });
  return {
    kafka,
    clickhouse,
    brokers: [`127.0.0.1:${kafkaProxy.port}`],
    clickhouseUser: { url: `http://127.0.0.1:${clickhouseProxy.port}`, ...user },
  };
}

async function checkPort(running: Running, isSame: boolean | undefined): Promise<Running> {
  if (isSame) return running;
  await running.stop();
  throw new Error('another process has taken the port of an engine that was away: run it again');
}

async function openEngine(name: Engine['name'], proxy: EngineProxy, start: () => Promise<Running>): Promise<Engine> {
  let running = await start();
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  return {
    name,
    proxy,
    get pid() {
      return running.pid;
    },
    async kill(awayMs) {
      process.kill(running.pid, 'SIGKILL');
      await running.exited;
      await pause(awayMs);
      running = await start();
    },
    async restart(awayMs) {
      await running.stop();
      await pause(awayMs);
      running = await start();
    },
    async stop() {
      await running.stop();
      await proxy.close();
    },
  };
}
