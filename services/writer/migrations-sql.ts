// Just enough of ClickHouse's language to change statements without touching what stands in strings and brackets.

import { TcxflowError } from '@tcxflow/common/errors.ts';

export interface Token {
  text: string;
  start: number;
  end: number;
  /** Brackets that are open before it. */
  depth: number;
}

const TOKEN = /\s+|--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\]|\\[\s\S]|'')*'|`[^`]*`|"[^"]*"|\w+|[\s\S]/gy;

/** Without white space and comments. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let depth = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [token] = match;
    if (/^(\s|--|\/\*)/.test(token)) continue;
    if (/^[)\]}]$/.test(token)) depth--;
    tokens.push({ text: token, start: match.index, end: match.index + token.length, depth });
    if (/^[([{]$/.test(token)) depth++;
  }
  return tokens;
}

export const isWord = (token: Token | undefined, ...words: string[]): boolean =>
  token !== undefined && words.includes(token.text.toUpperCase());

export interface Edit {
  start: number;
  end: number;
  text: string;
}

export const replace = ({ start, end }: Token, text: string): Edit => ({ start, end, text });
export const insertAfter = ({ end }: Token, text: string): Edit => ({ start: end, end, text });

/** @param edits that do not overlap */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = text;
  for (const { start, end, text: by } of edits.toSorted((a, b) => b.start - a.start))
    result = result.slice(0, start) + by + result.slice(end);
  return result;
}

/** Parts of a list, by the commas outside of brackets. */
export function splitList(text: string, tokens: readonly Token[]): string[] {
  const parts: string[] = [];
  let start = tokens[0]?.start ?? 0;
  for (const token of tokens) {
    if (token.depth !== 0 || token.text !== ',') continue;
    parts.push(text.slice(start, token.start).trim());
    start = token.end;
  }
  return [...parts, text.slice(start, tokens.at(-1)?.end).trim()];
}

export function notUnderstood(statement: string, why: string): TcxflowError {
  const line = (statement.split('\n')[0] as string).slice(0, 100);
  return new TcxflowError('MIGRATION_CLUSTER', `not understood for a cluster: ${line}: ${why}`, {
    hint: 'a development mistake: see services/writer/migrations-cluster.ts',
  });
}
