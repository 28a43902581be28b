// Shows the numbers while everything runs, and with the first flows how to ask for more.

import { relative } from 'node:path';
import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';
import type { ServiceProcess } from './children.ts';
import { takeSnapshot } from './snapshot.ts';
import { createStatusView } from './status.ts';
import { readTopTalkers, readTotals } from './store.ts';

export const TALKERS = 8;
const STATUS_MS = 1000;

export interface WatchOptions {
  /** undefined: until a signal. */
  seconds: number | undefined;
  client: ClickHouseClient;
  agent: string;
  services: readonly ServiceProcess[];
  out: NodeJS.WriteStream;
  /** Shown once, below the first answers. */
  hints: string[];
  stop: Promise<string>;
}

/** @returns what ended it: the time was up, or a signal came */
export async function watch(options: WatchOptions): Promise<'time' | 'signal'> {
  const { client, agent, services, out } = options;
  const view = createStatusView(out);
  const startedAt = Date.now();
  let lastSelected = 0;
  let lastAt = startedAt;
  let hinted = false;
  const signalled = options.stop.then(() => 'signal' as const);
  try {
    for (;;) {
      const left = options.seconds ? options.seconds * 1000 - (Date.now() - startedAt) : Number.POSITIVE_INFINITY;
      if (left <= 0) return 'time';
      const wait = new Promise<'tick'>((done) => setTimeout(() => done('tick'), Math.min(STATUS_MS, left)));
      if ((await Promise.race([wait, signalled])) === 'signal') return 'signal';
      const now = Date.now();
      const snapshot = await takeSnapshot(services);
      const talkers = await readTopTalkers(client, agent, TALKERS);
      // A service that is being started again counts from 0.
      const samplesPerSecond = (Math.max(0, snapshot.selected - lastSelected) * 1000) / Math.max(1, now - lastAt);
      lastSelected = snapshot.selected;
      lastAt = now;
      const store = await readTotals(client, agent);
      view.show({ seconds: (now - startedAt) / 1000, snapshot, samplesPerSecond, store, talkers });
      if (talkers.length > 0 && !hinted) {
        hinted = true;
        view.end();
        out.write(`\n${options.hints.join('\n')}\n\n`);
      }
    }
  } finally {
    view.end();
  }
}

const QUERY =
  'SELECT protocol, sum(packets) AS packets, sum(bytes) AS bytes, round(1.96 * sqrt(sum(bytesVariance))) AS margin ' +
  'FROM flows_1m GROUP BY protocol ORDER BY bytes DESC';

/** @param dataDir of the embedded ClickHouse; undefined when it is the user's own */
export function firstAnswerHints(clickhouseUrl: string, dataDir: string | undefined): string[] {
  if (!dataDir) return [`ClickHouse       ${clickhouseUrl}, tables flows, flows_1m and interface_counters`];
  const folder = relative(process.cwd(), dataDir) || '.';
  const where = folder === '.tcxflow' ? '' : ` --data-dir ${folder}`;
  return [
    `ask it yourself  npx tcxflow sql${where} "${QUERY}"`,
    `in a browser     ${clickhouseUrl}/play (user analyst; its password is in ${folder}/clickhouse/passwords.json)`,
  ];
}
