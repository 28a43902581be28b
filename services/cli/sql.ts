// `tcxflow sql "SELECT …"`

import { createClickHouse } from '@tcxflow/common/clickhouse.ts';
import { TcxflowError } from '@tcxflow/common/errors.ts';
import { findClickHouse } from './clickhouse-access.ts';

export async function sqlCommand(
  query: string,
  options: { config?: string; dataDir: string; format: string },
): Promise<number> {
  const client = createClickHouse(findClickHouse(options));
  try {
    const result = await client.exec({ query: `${query.trim().replace(/;$/, '')}\nFORMAT ${options.format}` });
    for await (const chunk of result.stream) process.stdout.write(chunk as Buffer);
    return 0;
  } catch (cause) {
    throw new TcxflowError('SQL', (cause as Error).message, { cause });
  } finally {
    await client.close();
  }
}
