// The statements of the migrations for a cluster: ON CLUSTER, Replicated engines, and a Distributed table before each. A pure
// transformation of the same files, which understands what they are made of and refuses all else.

import { alterTable } from './migrations-cluster-alter.ts';
import { isSharded, localName, shardingKeyOf } from './migrations-sharding.ts';
import {
  applyEdits,
  type Edit,
  insertAfter,
  isWord,
  notUnderstood,
  replace,
  type Token,
  tokenize,
} from './migrations-sql.ts';

export interface ClusterLayout {
  /** Of system.clusters. */
  cluster: string;
  database: string;
}

/** Of the configuration; none: plain tables. */
export function layoutOf({ cluster, database }: ClusterLayout): ClusterLayout | undefined {
  return cluster === '' ? undefined : { cluster, database };
}

/** Tokens are forgotten by number and by age: so long, a block may wait for its repetition. Kafka keeps none of them longer. */
const TOKEN_SECONDS = 30 * 86_400;
const ENGINE = /^((Replacing|Summing|Aggregating|Coalescing|Collapsing|VersionedCollapsing)?MergeTree)$/;

/** For statements with ON CLUSTER: the answer comes before the client's own time is up, and names who is late. */
export function ddlSettings(layout?: ClusterLayout) {
  if (!layout) return {};
  return { distributed_ddl_task_timeout: '25', ignore_on_cluster_for_replicated_udf_queries: 1 } as const;
}

export function onCluster({ cluster }: ClusterLayout): string {
  return ` ON CLUSTER ${/^\w+$/.test(cluster) ? cluster : `'${cluster}'`}`;
}

/** @throws {TcxflowError} a statement that is not understood, with what is wrong with it */
export function rewriteForCluster(statement: string, layout: ClusterLayout): string[] {
  const tokens = tokenize(statement);
  const { what, index } = readHead(statement, tokens);
  const name = tokens[index] as Token;
  const placed = [insertAfter(name, onCluster(layout))];
  switch (what) {
    case 'CREATE TABLE':
      return createTable(statement, tokens, name, layout);
    case 'CREATE MATERIALIZED VIEW':
    case 'CREATE OR REPLACE MATERIALIZED VIEW':
      return [applyEdits(statement, [...placed, ...target(statement, tokens, index), ...sources(statement, tokens)])];
    case 'CREATE OR REPLACE VIEW':
    case 'CREATE VIEW':
    case 'CREATE OR REPLACE FUNCTION':
    case 'CREATE FUNCTION':
    case 'CREATE OR REPLACE DICTIONARY':
    case 'CREATE DICTIONARY':
    case 'DROP FUNCTION':
      return [applyEdits(statement, placed)];
    case 'ALTER TABLE':
      if (isWord(tokens[index + 1], 'MODIFY') && isWord(tokens[index + 2], 'QUERY'))
        return [applyEdits(statement, [...placed, ...sources(statement, tokens)])];
      return alterTable(statement, tokens.slice(index), onCluster(layout));
    case 'DROP TABLE':
    case 'DROP VIEW':
    case 'DROP DICTIONARY':
      return drop(statement, tokens, index, onCluster(layout));
    default:
      throw notUnderstood(statement, `${what} is not known here`);
  }
}

/** @returns what it does, in capitals, and where the name stands that it does it to */
function readHead(statement: string, tokens: readonly Token[]): { what: string; index: number } {
  const words: string[] = [];
  let index = 0;
  for (; isWord(tokens[index], ...HEAD); index++) words.push((tokens[index] as Token).text.toUpperCase());
  const what = words.join(' ').replace(/ IF( NOT)? EXISTS$/, '');
  const [name, next] = tokens.slice(index);
  if (!name || !/^\w+$/.test(name.text)) throw notUnderstood(statement, 'a name without quotes is wanted');
  if (next?.text === '.') throw notUnderstood(statement, 'a name without its database is wanted');
  return { what: what || name.text, index };
}

const HEAD = [
  ...['CREATE', 'ALTER', 'DROP', 'OR', 'REPLACE', 'TEMPORARY', 'MATERIALIZED', 'IF', 'NOT', 'EXISTS'],
  ...['TABLE', 'VIEW', 'FUNCTION', 'DICTIONARY'],
];

function createTable(statement: string, tokens: readonly Token[], name: Token, layout: ClusterLayout): string[] {
  const table = name.text;
  if (!isSharded(table)) throw notUnderstood(statement, `${table} is not in migrations-sharding.ts`);
  const top = tokens.filter(({ depth }) => depth === 0);
  const at = top.findIndex((token, index) => isWord(token, 'ENGINE') && top[index + 1]?.text === '=');
  const engine = top[at + 2];
  if (at < 0 || !engine || !ENGINE.test(engine.text))
    throw notUnderstood(statement, 'an engine of MergeTree is wanted');
  const bracket = top[at + 3];
  const place = `'/clickhouse/tables/{shard}/${layout.database}/${localName(table)}', '{replica}'`;
  const hasArguments = bracket?.text === '(' && top[at + 4]?.text !== undefined;
  const isEmpty = hasArguments && tokens[tokens.indexOf(bracket) + 1]?.text === ')';
  const local = applyEdits(statement, [
    replace(name, localName(table) + onCluster(layout)),
    replace(engine, `Replicated${engine.text}${hasArguments ? '' : `(${place})`}`),
    ...(hasArguments ? [insertAfter(bracket, isEmpty ? place : `${place}, `)] : []),
    tokenWindow(statement, top),
  ]);
  const key = shardingKeyOf(table);
  const comment = top[top.findLastIndex((token) => isWord(token, 'COMMENT')) + 1]?.text;
  const parts = [`'${layout.cluster}'`, `'${layout.database}'`, `'${localName(table)}'`, ...(key ? [key] : [])];
  return [
    local,
    `CREATE TABLE IF NOT EXISTS ${table}${onCluster(layout)} AS ${localName(table)}
ENGINE = Distributed(${parts.join(', ')})
COMMENT ${comment}`,
  ];
}

/** The deduplication that replicas share has a setting of its own. */
function tokenWindow(statement: string, top: readonly Token[]): Edit {
  const at = top.findIndex((token) => isWord(token, 'NON_REPLICATED_DEDUPLICATION_WINDOW'));
  const blocks = top[at + 2];
  if (at < 0 || !blocks) throw notUnderstood(statement, 'it does not say non_replicated_deduplication_window');
  return {
    start: (top[at] as Token).start,
    end: blocks.end,
    text: `replicated_deduplication_window = ${blocks.text}, replicated_deduplication_window_seconds = ${TOKEN_SECONDS}`,
  };
}

/** A view fills its own shard's part. */
function target(statement: string, tokens: readonly Token[], index: number): Edit[] {
  const [to, table] = tokens.slice(index + 1);
  if (!isWord(to, 'TO') || !table || !isSharded(table.text))
    throw notUnderstood(statement, 'a materialized view must say TO, and a table of migrations-sharding.ts');
  return [replace(table, localName(table.text))];
}

/** Behind a table: what is no other name for it. */
const CLAUSES = [
  'WHERE',
  'PREWHERE',
  'GROUP',
  'ORDER',
  'ARRAY',
  'LEFT',
  'HAVING',
  'LIMIT',
  'SETTINGS',
  'UNION',
  'WINDOW',
];

/** A view reads what was inserted into its own shard: one table, under the name that its columns are called by. */
function sources(statement: string, tokens: readonly Token[]): Edit[] {
  const edits: Edit[] = [];
  const tables = new Set<string>();
  for (const [index, token] of tokens.entries()) {
    if (isWord(token, 'JOIN') && !isWord(tokens[index - 1], 'ARRAY'))
      throw notUnderstood(statement, 'a materialized view with a JOIN would see one shard of what it joins');
    const [table, next] = tokens.slice(index + 1);
    if (!isWord(token, 'FROM') || !table || table.text === '(') continue;
    if (!isSharded(table.text)) throw notUnderstood(statement, `${table.text} is not in migrations-sharding.ts`);
    tables.add(table.text);
    const isNamed = next !== undefined && /^\w+$/.test(next.text) && !isWord(next, ...CLAUSES);
    edits.push(replace(table, localName(table.text) + (isNamed ? '' : ` AS ${table.text}`)));
  }
  if (tables.size !== 1) throw notUnderstood(statement, 'a materialized view of one table is wanted');
  return edits;
}

/** At once, as the name may be needed again; what is asked before what it asks. */
function drop(statement: string, tokens: readonly Token[], index: number, place: string): string[] {
  const name = tokens[index] as Token;
  if (tokens.length > index + 1) throw notUnderstood(statement, 'DROP with more than a name');
  const without = applyEdits(statement, [insertAfter(name, `${place} SYNC`)]);
  if (!isSharded(name.text)) return [without];
  return [without, applyEdits(statement, [replace(name, `${localName(name.text)}${place} SYNC`)])];
}
