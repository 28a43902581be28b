// Kafka and ClickHouse behind proxies, on ports that stay the same however often they are killed and started again.

import { setTimeout as sleep } from 'node:timers/promises';
import { type EmbeddedClickHouse, startClickHouse } from '@tcxflow/embedded/clickhouse.ts';
import { type EmbeddedKafka, startKafka } from '@tcxflow/embedded/kafka.ts';
import { choosePort } from '@tcxflow/embedded/ports.ts';
import type { EmbeddedLog } from '@tcxflow/embedded/types.ts';
import { type EngineProxy, startProxy } from './proxy.ts';
import { watchClickHouse, watchKafka } from './requests.ts';

export interface Engine {
  readonly name: 'kafka' | 'clickhouse';
  readonly proxy: EngineProxy;
  /** To its process, if there is one at this moment. */
  signal(signal: NodeJS.Signals): void;
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
  const onOwnEnd = (name: Engine['name']) => (how: string) =>
    log.error({ name, how }, 'an engine ended by itself; starting it again');
  const kafka = await openEngine('kafka', kafkaProxy, onOwnEnd('kafka'), async () => {
    const running = await startKafka({ dataDir, log, port: kafkaPort, advertisedPort: kafkaProxy.port });
    return checkPort(running, running.brokers[0]?.endsWith(`:${kafkaPort}`));
  });
  const clickhouse = await openEngine('clickhouse', clickhouseProxy, onOwnEnd('clickhouse'), async () => {
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

/** @param onOwnEnd told when it ends without being asked to; it is started again, as an init system would */
async function openEngine(
  name: Engine['name'],
  proxy: EngineProxy,
  onOwnEnd: (how: string) => void,
  start: () => Promise<Running>,
): Promise<Engine> {
  let running = await start();
  /** That was asked to end. */
  let ended: Running | undefined;
  /** Ends and starts, one after another. */
  let last: Promise<void> = Promise.resolve();

  function signal(what: NodeJS.Signals): void {
    try {
      process.kill(running.pid, what);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has just ended by itself
    }
  }

  function queue(work: () => Promise<void>): Promise<void> {
    const done = last.then(work);
    last = done.catch(() => undefined); // whoever asked gets the error
    return done;
  }

  async function startAgain(awayMs: number): Promise<void> {
    await sleep(awayMs);
    running = await start();
    watch(running);
  }

  function watch(watched: Running): void {
    void watched.exited.then((how) => {
      if (watched === ended) return;
      onOwnEnd(how);
      // One that does not come up any more is seen by those who wait for it.
      queue(() => startAgain(0)).catch((error: Error) => onOwnEnd(error.message));
    });
  }
  watch(running);

  /** @param end resolves when it is gone */
  const endWith = (end: () => Promise<unknown>) => {
    ended = running;
    return end();
  };
  return {
    ...{ name, proxy, signal },
    kill: (awayMs) =>
      queue(async () => {
        await endWith(() => {
          signal('SIGKILL');
          return running.exited;
        });
        await startAgain(awayMs);
      }),
    restart: (awayMs) =>
      queue(async () => {
        await endWith(() => running.stop());
        await startAgain(awayMs);
      }),
    async stop() {
      await queue(async () => void (await endWith(() => running.stop())));
      await proxy.close();
    },
  };
}
