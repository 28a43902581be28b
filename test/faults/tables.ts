// The tables that must add up to the truth, each by its own keys.

import type { ClickHouseClient } from '@tcxflow/common/clickhouse.ts';
import { addTo, type FlowKey, type Sums } from './truth.ts';

export interface TableCheck {
  name: string;
  /** The same text for the same cell, here and from `select`. */
  keysOf: (key: FlowKey) => string[];
  /** Columns k, samples, packets, bytes. */
  select: string;
}

const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const measures =
  'toFloat64(sum(samples)) AS samples, toFloat64(sum(packets)) AS packets, toFloat64(sum(bytes)) AS bytes';
const hexOf = (column: string) => `lower(hex(${column}))`;

/** Text of columns, blanks between them. */
const keyColumns = (...columns: string[]) => columns.map((column) => `toString(${column})`).join(" || ' ' || ");
const msOf = (column: string) => `toUnixTimestamp(${column}) * ${SECOND_MS}`;
const round = (ms: number, toMs: number) => Math.floor(ms / toMs) * toMs;

export function flowKeyText({ minute, agent, ifIndex, direction, protocol, src, dst, srcPort, dstPort }: FlowKey) {
  return [minute, agent, ifIndex, direction, protocol, src, dst, srcPort, dstPort].join(' ');
}

function rollup(name: string, column: string, everyMs: number): TableCheck {
  const key = keyColumns(
    ...[msOf(column), 'agent', 'ifIndex', 'direction', 'protocol', hexOf('srcAddress'), hexOf('dstAddress')],
    'servicePort',
  );
  return {
    name,
    select: `SELECT ${key} AS k, ${measures} FROM ${name} GROUP BY k`,
    keysOf: ({ minute, agent, ifIndex, direction, protocol, src, dst, srcPort, dstPort }) => [
      [round(minute, everyMs), agent, ifIndex, direction, protocol, src, dst, Math.min(srcPort, dstPort)].join(' '),
    ],
  };
}

/** First address of the /24 of IPv4, or the /48 of IPv6. */
function prefixOf(address: string): string {
  return address.startsWith(`${'0'.repeat(20)}ffff`)
    ? `${address.slice(0, 30)}00`
    : address.slice(0, 12).padEnd(32, '0');
}

function hosts(side: 'Sent' | 'Received'): TableCheck {
  const key = keyColumns(msOf('time'), 'agent', 'ifIndex', 'direction', hexOf('address'));
  const sums = ['samples', 'packets', 'bytes'].map((name) => `toFloat64(sum(${name}${side})) AS ${name}`).join(', ');
  return {
    name: `flows_hosts_1h ${side}`,
    select: `SELECT ${key} AS k, ${sums} FROM flows_hosts_1h GROUP BY k HAVING samples > 0`,
    keysOf: ({ minute, agent, ifIndex, direction, src, dst }) => [
      [round(minute, HOUR_MS), agent, ifIndex, direction, side === 'Sent' ? src : dst].join(' '),
    ],
  };
}

export const tableChecks: readonly TableCheck[] = [
  {
    name: 'flows',
    select: `SELECT ${keyColumns(
      ...[msOf("toStartOfMinute(toDateTime(windowStart, 'UTC'))"), 'agent', 'ifIndex', 'direction', 'protocol'],
      ...[hexOf('srcAddress'), hexOf('dstAddress'), 'srcPort', 'dstPort'],
    )} AS k, ${measures} FROM flows GROUP BY k`,
    keysOf: (key) => [flowKeyText(key)],
  },
  rollup('flows_1m', 'minute', 60_000),
  rollup('flows_5m', 'time', 300_000),
  rollup('flows_1h', 'time', HOUR_MS),
  rollup('flows_1d', 'time', DAY_MS),
  hosts('Sent'),
  hosts('Received'),
  {
    name: 'flows_prefixes_1h',
    select: `SELECT ${keyColumns(
      ...[msOf('time'), 'agent', 'ifIndex', 'direction', 'protocol', hexOf('srcPrefix'), hexOf('dstPrefix')],
    )} AS k, ${measures} FROM flows_prefixes_1h GROUP BY k`,
    keysOf: ({ minute, agent, ifIndex, direction, protocol, src, dst }) => [
      [round(minute, HOUR_MS), agent, ifIndex, direction, protocol, prefixOf(src), prefixOf(dst)].join(' '),
    ],
  },
];

export async function readTable(client: ClickHouseClient, { select }: TableCheck): Promise<Sums> {
  const result = await client.query({ query: select, format: 'JSONEachRow' });
  const sums: Sums = new Map();
  for (const { k, ...row } of await result.json<{ k: string; samples: number; packets: number; bytes: number }>())
    addTo(sums, k, row);
  return sums;
}
