// `tcxflow migrate`

import { createClickHouse } from '@tcxflow/common/clickhouse.ts';
import { loadConfig } from '@tcxflow/common/config.ts';
import { writerSection } from '@tcxflow/writer/config.ts';
import { type MigrationStep, migrate, planSteps } from '@tcxflow/writer/migrations.ts';
import { type ClusterLayout, layoutOf } from '@tcxflow/writer/migrations-cluster.ts';
import { findClickHouse, toolSchema } from './clickhouse-access.ts';

export async function migrateCommand(options: { config?: string; dryRun?: boolean }): Promise<number> {
  const clickhouse = findClickHouse(options);
  const client = createClickHouse(clickhouse);
  const layout = layoutOf(clickhouse);
  const { writer } = loadConfig(toolSchema.extend({ writer: writerSection }), { file: options.config });
  try {
    process.stdout.write(
      options.dryRun
        ? planText(await planSteps(client, writer.retention, layout), layout)
        : appliedText(await migrate(client, writer.retention, layout)),
    );
    return 0;
  } finally {
    await client.close();
  }
}

const UP_TO_DATE = 'the schema is up to date\n';

function appliedText(names: readonly string[]): string {
  return names.length === 0 ? UP_TO_DATE : names.map((name) => `applied ${name}\n`).join('');
}

/** Each step with the first line of its statements; on a cluster with the engines too, which differ from the files'. */
export function planText(steps: readonly MigrationStep[], layout?: ClusterLayout): string {
  if (steps.length === 0) return UP_TO_DATE;
  const place = layout ? `on all nodes of the cluster ${layout.cluster}:\n` : '';
  const linesOf = (statement: string): string[] => {
    const [first = '', ...rest] = statement.split('\n');
    const engine = rest.find((line) => line.startsWith('ENGINE = '));
    return [`    ${first.slice(0, 110)}\n`, ...(layout && engine ? [`        ${engine}\n`] : [])];
  };
  return (
    place + steps.map(({ name, statements }) => `would apply ${name}\n${statements.flatMap(linesOf).join('')}`).join('')
  );
}
