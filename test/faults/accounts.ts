// What the pipeline says of itself: every sample once in `samples`, and a ledger whose balance is zero.

import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';
import type { Host } from './traffic.ts';

const LOOK_MS = 1000;

/** Asks until nothing is wrong, as the writer has more topics than flows to come to the end of. @returns what is wrong */
export async function eventually(ask: () => Promise<string[]>, withinMs: number): Promise<string[]> {
  for (const until = performance.now() + withinMs; ; await sleep(LOOK_MS)) {
    const wrong = await ask();
    if (wrong.length === 0 || performance.now() > until) return wrong;
  }
}

async function rows<Row>(client: ClickHouseClient, query: string, parameters = {}): Promise<Row[]> {
  const result = await client.query({ query, query_params: parameters, format: 'JSONEachRow' });
  return result.json<Row>();
}

interface PointRow {
  point: string;
  first: number;
  last: number;
  samples: number;
  repeated: number;
}

/** Each measuring point of each start of an agent has its numbers from 1 to the last, each once. */
export async function wrongSamples(client: ClickHouseClient, hosts: readonly Host[]): Promise<string[]> {
  const found = await rows<PointRow>(
    client,
    `SELECT concat(agent, ' ', toString(bootId), ' ', toString(ifIndex), ' ', toString(direction)) AS point,
       toFloat64(min(sequence)) AS first, toFloat64(max(sequence + sampleCount - 1)) AS last,
       toFloat64(sum(sampleCount)) AS samples, toFloat64(count() - uniqExact(sequence)) AS repeated
     FROM samples FINAL GROUP BY agent, bootId, ifIndex, direction`,
  );
  const byPoint = new Map(found.map(({ point, ...row }) => [point, row]));
  const wrong: string[] = [];
  for (const { agent, numbers } of hosts)
    for (const { bootId, ifIndex, direction, last } of numbers()) {
      const point = `${agent} ${bootId} ${ifIndex} ${direction}`;
      const row = byPoint.get(point) ?? { first: 1, last: 0, samples: 0, repeated: 0 };
      byPoint.delete(point);
      const isWhole =
        row.last === last && row.samples === last && row.repeated === 0 && (last === 0 || row.first === 1);
      if (!isWhole) wrong.push(`${point}: 1 to ${last} were sent, ${JSON.stringify(row)} is there`);
    }
  return [...wrong, ...[...byPoint.keys()].map((point) => `${point}: was never sent`)];
}

interface MinuteRow {
  minute: string;
  agent: string;
  chosen: number;
  atCapture: number;
  atDecode: number;
  atAggregate: number;
  atWriter: number;
  letters: number;
}

const ledgerColumns = ['chosen', 'atCapture', 'atDecode', 'atAggregate', 'atWriter', 'letters'];

/** @param fromMs before the first sample @param samples that were sent */
export async function wrongLedger(client: ClickHouseClient, fromMs: number, samples: number): Promise<string[]> {
  const text = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
  const minutes = await rows<MinuteRow>(
    client,
    `SELECT toString(minute) AS minute, agent, ${ledgerColumns.map((name) => `toFloat64(${name}) AS ${name}`).join(', ')}
     FROM ledger_minutes(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')}) ORDER BY minute, agent`,
    { from: text(Math.floor(fromMs / 60_000) * 60_000), to: text(Date.now() + 60_000) },
  );
  const wrong = minutes.filter(({ minute: _, agent: __, chosen: ___, ...rest }) => Object.values(rest).some(Boolean));
  const chosen = minutes.reduce((sum, row) => sum + row.chosen, 0);
  return [
    ...(chosen === samples ? [] : [`${chosen} samples of ${samples} are in it`]),
    ...wrong.map((row) => JSON.stringify(row)),
  ];
}
