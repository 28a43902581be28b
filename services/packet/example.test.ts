import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

test('the example of the documentation is the one that runs, and prints what is said there', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/how-to/decode-packets.md'), 'utf8');
  const file = join(import.meta.dirname, 'testing/example.ts');
  assert.ok(page.includes(readFileSync(file, 'utf8')));
  const printed = execFileSync(process.execPath, [file], { encoding: 'utf8' });
  assert.ok(printed.length > 100 && page.includes(printed), printed);
});
