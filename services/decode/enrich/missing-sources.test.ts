// What cannot be looked up is unknown, and costs no sample.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createMetrics } from '@tcxflow/common/metrics.ts';
import { openRawBatch } from '@tcxflow/common/raw-batch.ts';
import { quietLog } from '@tcxflow/common/testing/quiet.ts';
import { decodedBatchCodec, sampleBatchCodec } from '@tcxflow/schemas/topics.ts';
import { makeSampleBatch } from '../../../test/bench/sample-batch.ts';
import { createMessageDecoder } from '../decode-message.ts';
import { createClassifier } from './classify.ts';
import { enrichSection } from './config.ts';
import { createEnricher } from './enricher.ts';
import { fileSources } from './file-sources.ts';
import { createNameTable } from './interface-names.ts';
import { createEnrichMetrics } from './metrics.ts';
import { createSourceFiles } from './source-files.ts';

for (const [what, content] of [
  ['missing', undefined],
  ['empty', Buffer.alloc(0)],
  ['of another kind', Buffer.from('not a database, not a list of networks')],
] as const)
  test(`databases and networks that are ${what} cost no sample`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'tcxflow-missing-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const paths = ['networks', 'countries', 'systems'].map((name) => join(folder, name));
    if (content) for (const path of paths) writeFileSync(path, content);
    const [networksFile, countriesFile, autonomousSystemsFile] = paths;
    const enricher = createEnricher({
      cacheEntries: 1024,
      cacheSeed: 1,
      looksUpAddresses: true,
      anonymizes: false,
      names: createNameTable(0, () => undefined),
      classifier: createClassifier([]),
      onLookupError: (error) => assert.fail(error as Error),
    });
    const files = createSourceFiles({
      files: fileSources(enrichSection.parse({ networksFile, countriesFile, autonomousSystemsFile }), enricher),
      pollMs: 60_000,
      metrics: createEnrichMetrics(createMetrics('test'), () => enricher.cache),
      log: quietLog,
    });
    await files.reload();

    const raw = makeSampleBatch();
    const message = sampleBatchCodec.encode(raw);
    const decoder = createMessageDecoder({ partitions: 3, enricher });
    const tally = { samples: 0, stops: [0, 0, 0, 0] as [number, number, number, number] };
    const decoded = decoder.decode(message, openRawBatch(message), { partition: 0, offset: 1 }, tally);
    const samples = decoded.flatMap(({ value }) => decodedBatchCodec.decode(value).samples);
    assert.equal(samples.length, raw.samples.length);
    for (const { srcNetwork, dstNetwork, srcAs, dstAs, srcCountry, dstCountry } of samples)
      assert.deepEqual([srcNetwork, dstNetwork, srcAs, dstAs, srcCountry, dstCountry], [0, 0, 0, 0, 0, 0]);
  });
