// Every service knows ClickHouse by a URL only.

import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { ClickHouseConfig } from './config.ts';
import { delay } from './kafka.ts';
import type { Logger } from './logger.ts';

export type { ClickHouseClient } from '@clickhouse/client';
export { ClickHouseError } from '@clickhouse/client';

export function createClickHouse(config: ClickHouseConfig): ClickHouseClient {
  return createClient({
    url: config.url,
    username: config.username,
    password: config.password,
    database: config.database,
    application: 'tcxflow',
    // What fails is thrown, and told or dealt with by whoever asked; the library would print it as well.
    log: { level: ClickHouseLogLevel.OFF },
    request_timeout: config.requestTimeoutMs,
    clickhouse_settings: { date_time_output_format: 'iso' },
  });
}

/** Waits until ClickHouse answers. */
export async function waitForClickHouse(
  client: ClickHouseClient,
  config: ClickHouseConfig,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  let announced = false;
  while (!signal.aborted) {
    const result = await client.ping({ select: true });
    if (result.success) {
      if (announced) log.info({ url: config.url }, 'clickhouse answers');
      return;
    }
    if (!announced)
      log.warn({ url: config.url, error: result.error.message }, 'clickhouse does not answer yet; waiting for it');
    announced = true;
    await delay(1000, signal);
  }
}
