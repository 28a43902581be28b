import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadMigrations } from './migrations.ts';

test('docs/reference/tables.md has every table that the migrations make, and how long it keeps its rows', () => {
  const statements = loadMigrations().flatMap((migration) => migration.statements);
  const made = statements.flatMap((text) => {
    const [, table] = /^CREATE TABLE IF NOT EXISTS (\w+)/.exec(text) ?? [];
    const [, days] = /^TTL .* INTERVAL (\d+) DAY$/m.exec(text) ?? [];
    return table ? [[table, days ? `${days} days` : 'always']] : [];
  });
  const page = readFileSync(new URL('../../docs/reference/tables.md', import.meta.url), 'utf8');
  const stated = [...page.matchAll(/^\| `(\w+)` \|.*\| ([^|]+) \| [^|]+ \|$/gm)].map(([, table, kept]) => [
    table,
    kept,
  ]);
  assert.deepEqual(stated.sort(), made.sort());
});
