// ALTER TABLE on a cluster: all of it for the table that holds the rows, and of the columns for the one before it.

import { isSharded, localName } from './migrations-sharding.ts';
import { applyEdits, notUnderstood, replace, splitList, type Token } from './migrations-sql.ts';

/** What a Distributed table has too. */
const SHARED = /^(ADD|DROP|RENAME|COMMENT|MODIFY|ALTER)\s+COLUMN\b|^MODIFY\s+COMMENT\b/i;
/** What only a table with parts has. A codec is of the parts. */
const LOCAL = [
  /^MODIFY\s+COLUMN\s+(IF\s+EXISTS\s+)?\w+\s+(CODEC|TTL|REMOVE|MODIFY\s+SETTING|RESET\s+SETTING)\b/i,
  /^(ADD|DROP|CLEAR|MATERIALIZE)\s+(INDEX|PROJECTION|STATISTICS)\b/i,
  /^MODIFY\s+(ORDER\s+BY|TTL|SETTING|STATISTICS)\b/i,
  /^(REMOVE|MATERIALIZE)\s+TTL\b/i,
  /^MATERIALIZE\s+COLUMN\b/i,
  /^DROP\s+PARTITION\b/i,
];

/** @param tokens from the name on */
export function alterTable(statement: string, tokens: readonly Token[], place: string): string[] {
  const [name, ...rest] = tokens as [Token, ...Token[]];
  if (!isSharded(name.text)) throw notUnderstood(statement, `${name.text} is not in migrations-sharding.ts`);
  const commands = splitList(statement, rest);
  const shared: string[] = [];
  for (const command of commands) {
    if (LOCAL.some((pattern) => pattern.test(command))) continue;
    if (!SHARED.test(command)) throw notUnderstood(statement, `${command.slice(0, 60)} is not known here`);
    shared.push(command);
  }
  const local = applyEdits(statement, [replace(name, localName(name.text) + place)]);
  if (shared.length === 0) return [local];
  return [local, `ALTER TABLE ${name.text}${place}\n    ${shared.join(',\n    ')}`];
}
