import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '@tcxflow/common/config.ts';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import { formatAddress, parseAddress } from '@tcxflow/packet/address.ts';
import { pino } from 'pino';
import { decodeSchema } from '../config.ts';
import { createAnonymizer } from './anonymize.ts';
import { createClassifier } from './classify.ts';
import { createEnricher } from './enricher.ts';
import { settingSources } from './file-sources.ts';
import { createNameTable } from './interface-names.ts';
import { createEnrichMetrics } from './metrics.ts';
import { createSourceFiles } from './source-files.ts';

const bootId = Buffer.alloc(16);

/** An enricher whose rules and key are in files. */
function makeSettings(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-settings-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const configFile = join(folder, 'tcxflow.yaml');
  const keyFile = join(folder, 'key');
  const warnings: string[] = [];
  const metrics = createMetrics('test');
  const enricher = createEnricher({
    cacheEntries: 1024,
    cacheSeed: 1,
    looksUpAddresses: false,
    anonymizes: true,
    names: createNameTable(0, () => undefined),
    classifier: createClassifier([]),
    onLookupError: (error) => assert.fail(error as Error),
  });
  const readRules = () => loadConfig(decodeSchema, { file: configFile, env: {} }).decode.enrich.rules;
  const files = createSourceFiles({
    files: settingSources({ configFile, readRules, keyFile }, enricher),
    pollMs: 60_000,
    metrics: createEnrichMetrics(metrics, () => enricher.cache),
    log: pino(
      { level: 'warn' },
      { write: (line: string) => void warnings.push((JSON.parse(line) as { error: string }).error) },
    ),
  });
  return {
    warnings,
    enricher,
    writeRules: (...rules: object[]) => writeFileSync(configFile, JSON.stringify({ decode: { enrich: { rules } } })),
    writeConfig: (text: string) => writeFileSync(configFile, text),
    writeKey: (key: Buffer) => writeFileSync(keyFile, key),
    reload: files.reload,
    /** What the next batch says of an agent and its interface. */
    ask() {
      enricher.startBatch('fra1', bootId, 0n);
      return [enricher.agent().agentSite, enricher.interface(2, 'eth0').ifBoundary];
    },
    disguise() {
      const address = parseAddress('192.0.2.1') as Buffer;
      enricher.anonymize(address, 0);
      return formatAddress(address);
    },
    async stale(source: string) {
      const { values } = (await metrics.registry.getSingleMetric('tcxflow_test_enrich_source_stale')?.get()) ?? {};
      return values?.find(({ labels }) => labels.source === source)?.value;
    },
  };
}

function disguiseWith(key: Buffer): string {
  const address = parseAddress('192.0.2.1') as Buffer;
  createAnonymizer(key).apply(address, 0);
  return formatAddress(address);
}

test('new rules hold from the next batch on, and forget what the old ones said', async (t) => {
  const settings = makeSettings(t);
  settings.writeKey(Buffer.alloc(32, 1));
  settings.writeRules({ agent: 'fra*', site: 'Frankfurt' });
  await settings.reload();
  assert.deepEqual(settings.ask(), ['Frankfurt', '']);
  settings.writeRules({ agent: 'fra*', site: 'Main' }, { interface: 'eth*', boundary: 'external' });
  await settings.reload();
  assert.equal(settings.enricher.agent().agentSite, 'Frankfurt', 'within a batch');
  assert.deepEqual(settings.ask(), ['Main', 'external']);
  assert.equal(await settings.stale('rules'), 0);
});

test('a configuration with a mistake, wherever it is, leaves the rules as they were', async (t) => {
  const settings = makeSettings(t);
  settings.writeKey(Buffer.alloc(32, 1));
  settings.writeRules({ agent: 'fra*', site: 'Frankfurt' });
  await settings.reload();
  settings.writeRules({ agent: 'fra*', site: 'other' }, { agent: '/(a+)+/', site: 'x' });
  await settings.reload();
  assert.deepEqual(settings.ask(), ['Frankfurt', '']);
  assert.match(settings.warnings[0] ?? '', /decode\.enrich\.rules\.1\.agent .*repeated groups/);
  assert.equal(await settings.stale('rules'), 1);
  settings.writeConfig('kafka: { brokers: 7 }\ndecode: { enrich: { rules: [{ site: other }] } }');
  await settings.reload();
  assert.deepEqual(settings.ask(), ['Frankfurt', '']);
  assert.match(settings.warnings[1] ?? '', /kafka\.brokers/);
  settings.writeConfig('decode: {}');
  await settings.reload();
  assert.deepEqual(settings.ask(), ['', '']);
  assert.equal(await settings.stale('rules'), 0);
});

test('a new key is used from the next batch on; what is no key is not', async (t) => {
  const settings = makeSettings(t);
  const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  settings.writeRules();
  settings.writeKey(first);
  await settings.reload();
  settings.ask();
  assert.equal(settings.disguise(), disguiseWith(first));
  settings.writeKey(second);
  await settings.reload();
  assert.equal(settings.disguise(), disguiseWith(first), 'within a batch');
  settings.ask();
  assert.equal(settings.disguise(), disguiseWith(second));
  settings.writeKey(Buffer.from('short'));
  await settings.reload();
  settings.ask();
  assert.equal(settings.disguise(), disguiseWith(second));
  assert.match(settings.warnings[0] ?? '', /neither 32 bytes/);
  assert.equal(await settings.stale('key'), 1);
});
