// The stock questions: deploy/clickhouse/queries/NAME.sql. The first comment says what a query answers, lines
// "-- param NAME = DEFAULT: MEANING" what may be said besides from, to and limit.

import { readdirSync, readFileSync } from 'node:fs';
import { TcxflowError } from '@tcxflow/common/errors.ts';

export interface QueryParameter {
  name: string;
  fallback: string;
  meaning: string;
}

export interface StockQuery {
  name: string;
  about: string;
  parameters: QueryParameter[];
  /** SQL with ClickHouse's {name:Type} placeholders. */
  text: string;
}

const folder = new URL('../../deploy/clickhouse/queries/', import.meta.url);
const HOUR_MS = 3_600_000;

export function loadQueries(): StockQuery[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  return files
    .sort()
    .map((file) => parseQuery(file.slice(0, -'.sql'.length), readFileSync(new URL(file, folder), 'utf8')));
}

export function parseQuery(name: string, file: string): StockQuery {
  const lines = file.split('\n');
  const comments = lines.filter((line) => line.startsWith('-- ')).map((line) => line.slice(3));
  return {
    name,
    about: comments.find((line) => !line.startsWith('param ')) ?? '',
    parameters: comments.flatMap((line) => {
      const match = /^param (\w+) = (.*?): (.*)$/.exec(line);
      return match ? [{ name: match[1] ?? '', fallback: match[2] ?? '', meaning: match[3] ?? '' }] : [];
    }),
    text: lines
      .filter((line) => !line.startsWith('--'))
      .join('\n')
      .trim(),
  };
}

/** @throws {TcxflowError} there is none of that name */
export function findQuery(name: string): StockQuery {
  const query = loadQueries().find((each) => each.name === name);
  if (query) return query;
  throw new TcxflowError('NO_SUCH_QUERY', `there is no query @${name}`, { hint: 'tcxflow sql --list names them' });
}

/**
 * Values of all placeholders: what was given, else the query's own defaults; the hour before now, and twenty rows.
 * @param given NAME=VALUE
 * @throws {TcxflowError} a parameter that the query does not have
 */
export function parametersOf(query: StockQuery, given: readonly string[], now = Date.now()): Record<string, string> {
  const seconds = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
  const values: Record<string, string> = { from: seconds(now - HOUR_MS), to: seconds(now), limit: '20' };
  for (const { name, fallback } of query.parameters) values[name] = fallback;
  for (const entry of given) {
    const at = entry.indexOf('=');
    const name = entry.slice(0, at);
    if (at < 1 || !(name in values))
      throw new TcxflowError('QUERY_PARAMETER', `@${query.name} has no parameter ${at < 1 ? entry : name}`, {
        hint: `it has ${Object.keys(values).join(', ')}; give them as --param NAME=VALUE`,
      });
    values[name] = entry.slice(at + 1);
  }
  return values;
}
