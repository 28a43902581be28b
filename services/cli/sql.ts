// `tcxflow sql "SELECT …"`, `tcxflow sql @NAME` for a stock question, `tcxflow sql --list`.

import { createClickHouse } from '@tcxflow/common/clickhouse.ts';
import { TcxflowError } from '@tcxflow/common/errors.ts';
import { findClickHouse } from './clickhouse-access.ts';
import { findQuery, loadQueries, parametersOf } from './queries.ts';

export interface SqlOptions {
  config?: string;
  dataDir: string;
  format: string;
  list?: boolean;
  /** NAME=VALUE */
  param: string[];
}

export async function sqlCommand(query: string | undefined, options: SqlOptions): Promise<number> {
  if (options.list || query === undefined) {
    process.stdout.write(listOfQueries());
    return options.list ? 0 : 2;
  }
  const { text, parameters } = statementOf(query, options.param);
  const client = createClickHouse(findClickHouse(options));
  try {
    const result = await client.exec({ query: `${text}\nFORMAT ${options.format}`, query_params: parameters });
    for await (const chunk of result.stream) process.stdout.write(chunk as Buffer);
    return 0;
  } catch (cause) {
    throw new TcxflowError('SQL', (cause as Error).message, { cause });
  } finally {
    await client.close();
  }
}

function statementOf(query: string, given: readonly string[]): { text: string; parameters: Record<string, string> } {
  if (query.startsWith('@')) {
    const stock = findQuery(query.slice(1));
    return { text: stock.text, parameters: parametersOf(stock, given) };
  }
  const parameters = given.map((entry) => [entry.replace(/=.*/s, ''), entry.replace(/^[^=]*=?/, '')]);
  return { text: query.trim().replace(/;$/, ''), parameters: Object.fromEntries(parameters) as Record<string, string> };
}

function listOfQueries(): string {
  const lines = loadQueries().map(({ name, about, parameters }) => {
    const own = parameters.map((each) => `${each.name}=${each.fallback}`).join(' ');
    return `@${name.padEnd(26)} ${about}${own ? ` [${own}]` : ''}\n`;
  });
  return `${lines.join('')}\nAll take from, to and limit: tcxflow sql @top-talkers --param limit=5 --param 'from=2026-01-01 00:00:00'\n`;
}
