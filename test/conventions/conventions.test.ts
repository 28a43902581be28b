// The repository's own rules that a reader would otherwise have to check by eye.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '@tcxflow/common/config.ts';
import { generatePages, root } from '../../services/cli/generate-docs.ts';
import { services } from '../../services/cli/services.ts';

const LINES_MAX = 350;

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(new URL(path, root)));
const sources = files.filter((path) => /\.(ts|mjs|c|h)$/.test(path) && !path.endsWith('generated.ts'));
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

test('the pages made from code are what npm run generate makes', async () => {
  for (const [path, text] of Object.entries(await generatePages())) assert.equal(read(path), text, path);
});

test('every configuration key has a meaning', async () => {
  const page = (await generatePages())['docs/reference/configuration.md'] ?? '';
  const keys = page.split('\n').filter((line) => line.startsWith('| `'));
  assert.ok(keys.length > 40);
  assert.deepEqual(
    keys.filter((line) => /\|\s*\|$/.test(line)),
    [],
  );
});

test('the sample configuration is valid for every service', async () => {
  const file = fileURLToPath(new URL('deploy/tcxflow.yaml', root));
  for (const { load } of Object.values(services)) loadConfig((await load()).schema, { file, env: {} });
});

test('links in the documentation lead somewhere', () => {
  const broken: string[] = [];
  for (const page of files.filter((path) => path.endsWith('.md')))
    for (const [, target = ''] of read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g))
      if (!/^[a-z]+:/.test(target) && !existsSync(new URL(target, new URL(page, root))))
        broken.push(`${page}: ${target}`);
  for (const source of sources)
    for (const [target] of read(source).matchAll(/\bdocs\/[a-z-]+\/[a-z-]+\.md\b/g))
      if (!existsSync(new URL(target, root))) broken.push(`${source}: ${target}`);
  assert.deepEqual(broken, []);
});

test('every error code is on the page of errors', () => {
  const page = read('docs/reference/errors.md');
  const missing: string[] = [];
  for (const source of sources.filter((path) => !/\.test\.ts$|^test\//.test(path)))
    for (const [, code] of read(source).matchAll(/(?:Error|make)\(\s*(?:[^'"`\n]*\?\s*)?'([A-Z][A-Z_]+)'/g))
      if (!page.includes(`\`${code}\``)) missing.push(`${source}: ${code}`);
  assert.deepEqual(missing, []);
});

test('every package is on the page of dependencies, with an exact version', () => {
  const page = read('docs/explanation/dependencies.md');
  for (const path of files.filter((name) => /(^|\/)package\.json$/.test(name))) {
    const manifest = JSON.parse(read(path)) as Record<string, Record<string, string>>;
    const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
    for (const [name, version] of Object.entries(all)) {
      if (name.startsWith('@tcxflow/') || name === 'libbpf-ts') continue;
      assert.ok(page.includes(`\`${name}\``), `${path}: ${name}`);
      assert.match(version, /^\d+\.\d+\.\d+$/, `${path}: ${name}`);
    }
  }
});

test('every package that is imported is declared', () => {
  const undeclared = new Set<string>();
  for (const source of sources.filter(
    (path) => /^(bpf|schemas|services|deploy)\//.test(path) && !/\.(test|bench)\.ts$|\/testing\//.test(path),
  )) {
    const folder = /^(services\/\w+|deploy\/(?:embedded|lab)|bpf|schemas)\//.exec(source)?.[1];
    if (!folder) continue;
    const manifest = JSON.parse(read(`${folder}/package.json`)) as Record<string, Record<string, string>>;
    const declared = { ...manifest.dependencies, ...manifest.optionalDependencies };
    for (const [, name = ''] of read(source).matchAll(
      /(?:from|import|import\() ?'((?:@[\w-]+\/)?[a-z][\w.-]*)[^':]*'/g,
    ))
      if (!(name in declared)) undeclared.add(`${folder}: ${name}`);
  }
  assert.deepEqual([...undeclared], []);
});

test('a file fits on a few screens, says nothing of other machines, and leaves nothing for later', () => {
  const findings: string[] = [];
  for (const source of sources) {
    const text = read(source);
    if (text.split('\n').length > LINES_MAX) findings.push(`${source}: ${text.split('\n').length} lines`);
    if (/\b(TODO|FIXME|XXX)\b/.test(text) && source !== 'test/conventions/conventions.test.ts')
      findings.push(`${source}: left for later`);
  }
  assert.deepEqual(findings, []);
});

test('the lock file records no address of a registry', () => {
  assert.doesNotMatch(read('package-lock.json'), /"resolved": "http/);
});
