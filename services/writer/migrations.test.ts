import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { loadMigrations, type Migration, planMigrations, splitStatements } from './migrations.ts';

test('statements end with a semicolon at the end of a line', () => {
  const text = `-- a comment; with a semicolon
CREATE TABLE a (x UInt8) COMMENT 'one; two';
-- another
CREATE TABLE b
(
    y UInt8
)
ENGINE = Memory;  \n
SELECT 1`;
  assert.deepEqual(splitStatements(text), [
    "CREATE TABLE a (x UInt8) COMMENT 'one; two'",
    'CREATE TABLE b\n(\n    y UInt8\n)\nENGINE = Memory',
    'SELECT 1',
  ]);
  assert.deepEqual(splitStatements('-- nothing;\n\n;\n'), []);
});

function migration(version: number, checksum = `sum-${version}`): Migration {
  return { version, name: `00${version}_m`, checksum, statements: [] };
}

const shipped = [migration(1), migration(2), migration(3)];
const applied = ({ version, name, checksum }: Migration) => ({ version, name, checksum });

test('what was not applied yet is planned, in order', () => {
  assert.deepEqual(planMigrations(shipped, []), shipped);
  assert.deepEqual(planMigrations(shipped, [applied(migration(1))]), shipped.slice(1));
  assert.deepEqual(planMigrations(shipped, shipped.map(applied)), []);
});

test('a database that is newer than this program is refused', () => {
  assert.throws(() => planMigrations(shipped, [...shipped, migration(4)].map(applied)), {
    code: 'MIGRATION_UNKNOWN',
    message: /004_m/,
  });
});

test('a file that was changed after it had been applied is refused', () => {
  assert.throws(() => planMigrations(shipped, [applied(migration(1)), applied(migration(2, 'other'))]), {
    code: 'MIGRATION_CHANGED',
    message: /002_m/,
  });
});

/** A folder with these files. */
function folder(t: TestContext, files: Record<string, string>): URL {
  const path = mkdtempSync(join(tmpdir(), 'tcxflow-migrations-'));
  t.after(() => rmSync(path, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return pathToFileURL(`${path}/`);
}

test('migrations are read in the order of their numbers, other files are let be', (t) => {
  const from = folder(t, { '002_b.sql': 'SELECT 2;\n', '001_a.sql': 'SELECT 1;\n', 'README.md': 'x', '1_c.sql': 'x' });
  assert.deepEqual(loadMigrations(from), [
    // sha256sum of the two files
    {
      version: 1,
      name: '001_a',
      checksum: 'b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd',
      statements: ['SELECT 1'],
    },
    {
      version: 2,
      name: '002_b',
      checksum: 'a41109d24069b4822ddc5f367b25d484dc7e839bff338ce7a3e5da641caacda0',
      statements: ['SELECT 2'],
    },
  ]);
});

test('two files of one number are refused by name; a number may be left out, as by work that was given up', (t) => {
  assert.throws(() => loadMigrations(folder(t, { '001_a.sql': '', '001_b.sql': '' })), { message: /001_a and 001_b/ });
  const gap = loadMigrations(folder(t, { '001_a.sql': '', '003_c.sql': '' }));
  assert.deepEqual(
    gap.map(({ version }) => version),
    [1, 3],
  );
});

test('a file with a lower number than what was applied is applied too', () => {
  assert.deepEqual(
    planMigrations(
      shipped,
      [1, 3].map((version) => applied(migration(version))),
    ),
    [migration(2)],
  );
});

test('each of the shipped migrations does something', () => {
  const migrations = loadMigrations();
  assert.ok(migrations.length > 0);
  for (const { name, statements } of migrations) {
    assert.ok(statements.length > 0, name);
    for (const statement of statements) assert.match(statement, /^(CREATE|ALTER|DROP|INSERT|RENAME)\s/, name);
  }
});
