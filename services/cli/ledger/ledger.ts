// `tcxflow ledger`: what was sampled and what became of it, by minute and agent; and whether anything is missing.

import { type ClickHouseClient, createClickHouse } from '@tcxflow/common/clickhouse.ts';
import { ConfigError, TcxflowError } from '@tcxflow/common/errors.ts';
import { findClickHouse } from '../clickhouse-access.ts';
import { type AgentRow, accountOf, type GapRow, type Ledger, type MinuteRow, tableOf } from './account.ts';

export interface LedgerOptions {
  from?: string;
  to?: string;
  agent?: string;
  json?: boolean;
  config?: string;
  dataDir: string;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** @returns the exit code: 0 when nothing was lost and nothing is missing, else 1 */
export async function ledgerCommand(options: LedgerOptions): Promise<number> {
  const range = rangeOf(options, Date.now());
  const client = createClickHouse(findClickHouse(options));
  try {
    const ledger = await readLedger(client, range, options.agent);
    const account = accountOf(ledger);
    if (options.json) process.stdout.write(`${JSON.stringify({ ...range, ...account, ...ledger }, null, 2)}\n`);
    else process.stdout.write(`${[...tableOf(ledger.minutes), '', account.sentence].join('\n')}\n`);
    return account.ok ? 0 : 1;
  } catch (cause) {
    if (cause instanceof TcxflowError) throw cause;
    throw new TcxflowError('SQL', (cause as Error).message, {
      cause,
      hint: 'does the database have the ledger? tcxflow migrate',
    });
  } finally {
    await client.close();
  }
}

/** UTC, as ClickHouse has it. @throws {ConfigError} what is given is no time */
export function rangeOf({ from, to }: Pick<LedgerOptions, 'from' | 'to'>, now: number): { from: string; to: string } {
  const toMs = to === undefined ? now : timeOf('--to', to);
  const fromMs = from === undefined ? toMs - HOUR_MS : timeOf('--from', from);
  if (fromMs >= toMs) throw new ConfigError(`--from ${from} is not before --to ${to ?? 'now'}`);
  const text = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
  return { from: text(Math.floor(fromMs / MINUTE_MS) * MINUTE_MS), to: text(toMs) };
}

function timeOf(option: string, value: string): number {
  const zoned = /Z|[+-]\d\d:?\d\d$/.test(value) ? value : `${value}Z`;
  const ms = Date.parse(zoned.replace(/^(\d{4}-\d\d-\d\d)Z$/, '$1T00:00Z').replace(' ', 'T'));
  if (Number.isNaN(ms))
    throw new ConfigError(`${option} ${value} is no time: write 2026-01-31 or "2026-01-31 23:59" (UTC)`);
  return ms;
}

export async function readLedger(
  client: ClickHouseClient,
  range: { from: string; to: string },
  agent = '',
): Promise<Ledger> {
  async function ask<Row>(columns: string, view: string, rest: string): Promise<Row[]> {
    const result = await client.query({
      query: `SELECT ${columns} FROM ${view}(from = {from:DateTime('UTC')}, to = {to:DateTime('UTC')})
              WHERE ({agent:String} = '' OR agent = {agent:String}) ${rest}`,
      query_params: { ...range, agent },
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
      format: 'JSONEachRow',
    });
    return result.json<Row>();
  }
  const [minutes, gaps, agents] = await Promise.all([
    ask<MinuteRow>('*', 'ledger_minutes', 'ORDER BY minute, agent'),
    ask<GapRow>(
      'minute, agent, ifName, direction, missing, untold, gaps',
      'ledger_points',
      'AND missing > 0 ORDER BY minute, agent, ifName, direction',
    ),
    ask<AgentRow>(
      'agent, state, lastSample, lastHeard, completeUntil, gaveUp, onDisk, restarts',
      'complete_until',
      'ORDER BY agent',
    ),
  ]);
  return { minutes, gaps, agents };
}
