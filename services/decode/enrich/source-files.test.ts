import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import { pino } from 'pino';
import { createEnrichMetrics } from './metrics.ts';
import { createSourceFiles } from './source-files.ts';

interface Fixture {
  path: string;
  loaded: string[];
  warnings: string[];
  reload(): Promise<void>;
  values(): Promise<Record<string, number>>;
}

/** A source that takes any text but "bad…". */
function makeSource(t: TestContext, { pollMs = 60_000 } = {}): Fixture & { start(): Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-sources-'));
  const path = join(folder, 'file');
  const loaded: string[] = [];
  const warnings: string[] = [];
  const metrics = createMetrics('test');
  const files = createSourceFiles({
    files: [
      {
        name: 's',
        path,
        maxBytes: 100,
        load(content) {
          const text = content.toString();
          if (text.startsWith('bad')) throw new Error(`line 1: "${text}"`);
          loaded.push(text);
          return { entries: text.length };
        },
      },
    ],
    pollMs,
    metrics: createEnrichMetrics(metrics, () => ({ lookups: 0, misses: 0 })),
    log: pino(
      { level: 'warn' },
      { write: (line: string) => void warnings.push((JSON.parse(line) as { error: string }).error) },
    ),
  });
  t.after(async () => {
    await files.stop(AbortSignal.abort());
    rmSync(folder, { recursive: true });
  });
  const read = async (name: string, labels: Record<string, string> = {}) => {
    const { values } = (await metrics.registry.getSingleMetric(`tcxflow_test_enrich_${name}`)?.get()) ?? { values: [] };
    return (
      values.find((value) => Object.entries(labels).every(([key, text]) => value.labels[key] === text))?.value ?? 0
    );
  };
  return {
    path,
    loaded,
    warnings,
    reload: files.reload,
    start: async () => files.start(),
    values: async () => ({
      ok: await read('reloads_total', { result: 'ok' }),
      failed: await read('reloads_total', { result: 'failed' }),
      stale: await read('source_stale'),
      entries: await read('source_entries'),
      version: await read('source_version_timestamp_seconds'),
    }),
  };
}

async function until(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 5000; !condition(); await sleep(5)) assert.ok(Date.now() < deadline);
}

test('a file is read at the start, and again when it changes, however that came about', async (t) => {
  const source = makeSource(t, { pollMs: 10 });
  writeFileSync(source.path, 'one');
  utimesSync(source.path, 1000, 1000);
  await source.start();
  assert.deepEqual(source.loaded, ['one']);
  assert.deepEqual(await source.values(), { ok: 1, failed: 0, stale: 0, entries: 3, version: 1000 });
  await sleep(50);
  assert.deepEqual(source.loaded, ['one']);
  writeFileSync(source.path, 'two');
  await until(() => source.loaded.at(-1) === 'two');
  writeFileSync(`${source.path}.new`, 'six');
  renameSync(`${source.path}.new`, source.path);
  await until(() => source.loaded.at(-1) === 'six');
});

test('a file that cannot be used leaves the last good one, is told of once, counted, and used when it is mended', async (t) => {
  const source = makeSource(t, { pollMs: 10 });
  writeFileSync(source.path, 'good');
  await source.start();
  writeFileSync(source.path, 'bad 1');
  await until(() => source.warnings.length === 1);
  await sleep(100);
  assert.deepEqual(source.warnings, ['line 1: "bad 1"']);
  assert.deepEqual(source.loaded, ['good']);
  const { version: _, ...values } = await source.values();
  assert.deepEqual(values, { ok: 1, failed: 1, stale: 1, entries: 4 });
  writeFileSync(source.path, 'mended');
  await until(() => source.loaded.length === 2);
  const { version: __, ...after } = await source.values();
  assert.deepEqual(after, { ok: 2, failed: 1, stale: 0, entries: 6 });
});

test('a missing file is waited for; one that is taken away stays in use and is read when it is back', async (t) => {
  const source = makeSource(t, { pollMs: 10 });
  await source.start();
  await sleep(50);
  assert.equal(source.warnings.length, 1);
  assert.match(source.warnings[0] as string, /ENOENT/);
  assert.equal((await source.values()).failed, 1);
  writeFileSync(source.path, 'here');
  utimesSync(source.path, 1000, 1000);
  await until(() => source.loaded.length === 1);
  renameSync(source.path, `${source.path}.away`);
  await until(() => source.warnings.length === 2);
  renameSync(`${source.path}.away`, source.path);
  await until(() => source.loaded.length === 2);
  assert.equal((await source.values()).stale, 0);
});

test('too large a file, or what is no file, is refused without being read', async (t) => {
  const source = makeSource(t);
  writeFileSync(source.path, 'x'.repeat(101));
  await source.start();
  assert.deepEqual(source.warnings, ['101 bytes: at most 100']);
  rmSync(source.path);
  mkdirSync(source.path);
  await source.reload();
  assert.deepEqual(source.warnings.slice(1), ['not a file']);
  assert.deepEqual(source.loaded, []);
});

test('on request the files are read at once, changed or not', async (t) => {
  const source = makeSource(t);
  writeFileSync(source.path, 'one');
  await source.start();
  await Promise.all([source.reload(), source.reload()]);
  assert.ok(source.loaded.length >= 2);
});
