// `tcxflow migrate`

import { createClickHouse } from '@tcxflow/common/clickhouse.ts';
import { migrate } from '@tcxflow/writer/migrations.ts';
import { findClickHouse } from './clickhouse-access.ts';

export async function migrateCommand(options: { config?: string; dryRun?: boolean }): Promise<number> {
  const client = createClickHouse(findClickHouse(options));
  try {
    const names = await migrate(client, options);
    const verb = options.dryRun ? 'would apply' : 'applied';
    process.stdout.write(
      names.length === 0 ? 'the schema is up to date\n' : names.map((name) => `${verb} ${name}\n`).join(''),
    );
    return 0;
  } finally {
    await client.close();
  }
}
