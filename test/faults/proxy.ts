// A TCP proxy on loopback between workers and an engine: cuts connections, holds back or delays what passes, and can wait for
// the next request of a kind to cut just that one, in its middle or before its answer.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '@tcxflow/common/testing/random.ts';

/** `request`: half of it arrives; `answer`: all of it arrives, and its answer is lost. */
export type CutPoint = 'request' | 'answer';

/** Sees all that a connection's client sends. @returns names of the requests that begin in the chunk */
export type RequestWatcher = (chunk: Buffer) => string[];

export interface EngineProxy {
  readonly port: number;
  /** @param percent of the open connections, each by itself @returns how many */
  cut(percent: number, random: Random): number;
  /** @returns false when none came within the time */
  cutRequest(name: string, at: CutPoint, withinMs: number): Promise<boolean>;
  /** The next request of this name is on its way to the engine. @returns false when none came within the time */
  sees(name: string, withinMs: number): Promise<boolean>;
  /** Nothing passes until the returned function is called. */
  stall(): () => void;
  /** Each piece waits so long, until the returned function is called. */
  delay(ms: number): () => void;
  close(): Promise<void>;
}

interface Connection {
  client: Socket;
  server: Socket;
  /** Ends with the next piece of an answer. */
  losesAnswer: boolean;
}

interface Trap {
  name: string;
  at: CutPoint | 'none';
  spring: () => void;
}

/** @param targetPort where the engine listens; it may come and go */
export async function startProxy(targetPort: () => number, openWatcher: () => RequestWatcher): Promise<EngineProxy> {
  const connections = new Set<Connection>();
  const traps = new Set<Trap>();
  let gate: Promise<void> | undefined;
  let delayMs = 0;

  function end(connection: Connection): void {
    connections.delete(connection);
    connection.client.destroy();
    connection.server.destroy();
  }

  async function pass(chunk: Buffer, to: Socket): Promise<void> {
    if (gate) await gate;
    if (delayMs > 0) await sleep(delayMs);
    if (!to.write(chunk)) await once(to, 'drain');
  }

  /** @returns the trap that a request in this chunk springs */
  function sprung(names: readonly string[]): Trap | undefined {
    for (const trap of traps) {
      if (!names.includes(trap.name)) continue;
      traps.delete(trap);
      return trap;
    }
    return undefined;
  }

  async function forward(connection: Connection): Promise<void> {
    const watch = openWatcher();
    for await (const chunk of connection.client as AsyncIterable<Buffer>) {
      const trap = sprung(watch(chunk));
      if (trap?.at === 'request') {
        await pass(chunk.subarray(0, chunk.length >> 1), connection.server);
        trap.spring();
        return end(connection);
      }
      if (trap?.at === 'answer') connection.losesAnswer = true;
      await pass(chunk, connection.server);
      trap?.spring();
    }
    connection.server.end();
  }

  async function backward(connection: Connection): Promise<void> {
    for await (const chunk of connection.server as AsyncIterable<Buffer>) {
      if (connection.losesAnswer) return end(connection);
      await pass(chunk, connection.client);
    }
    connection.client.end();
  }

  const listener = createServer((client) => {
    const connection = { client, server: connect(targetPort(), '127.0.0.1'), losesAnswer: false };
    connections.add(connection);
    for (const socket of [client, connection.server]) {
      socket.setNoDelay(true);
      socket.once('close', () => end(connection));
    }
    // Broken connections are what this is for; both sides then see an end.
    for (const way of [forward, backward]) void way(connection).catch(() => end(connection));
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');

  async function trap(name: string, at: Trap['at'], withinMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const set: Trap = { name, at, spring: () => resolve(true) };
    traps.add(set);
    const timer = setTimeout(() => {
      traps.delete(set);
      resolve(false);
    }, withinMs);
    const came = await promise;
    clearTimeout(timer);
    return came;
  }

  return {
    port: (listener.address() as AddressInfo).port,
    cut(percent, random) {
      const chosen = [...connections].filter(() => random.chance(percent));
      for (const connection of chosen) end(connection);
      return chosen.length;
    },
    cutRequest: trap,
    sees: (name, withinMs) => trap(name, 'none', withinMs),
    stall() {
      const held = Promise.withResolvers<void>();
      gate = held.promise;
      return () => {
        gate = undefined;
        held.resolve();
      };
    },
    delay(ms) {
      delayMs = ms;
      return () => {
        delayMs = 0;
      };
    },
    async close() {
      for (const connection of connections) end(connection);
      listener.close();
      await once(listener, 'close');
    },
  };
}
