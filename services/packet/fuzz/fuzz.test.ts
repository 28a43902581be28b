import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCoverage } from './coverage.ts';
import { fuzz } from './fuzzer.ts';
import { makeSeeds, readCrashes } from './seeds.ts';
import { runTarget } from './target.ts';

const SECONDS = 3;

for (const { name, input } of readCrashes())
  test(`${name} keeps every promise of the decoder`, () => {
    runTarget(input);
  });

test(`a few seconds of fuzzing find nothing new`, (context) => {
  const seed = Date.now() & 0x7fffffff;
  const coverage = startCoverage();
  const end = performance.now() + SECONDS * 1000;
  const { crash, ...counts } = fuzz(makeSeeds(), seed, coverage, () => performance.now() > end);
  coverage.stop();
  context.diagnostic(`seed ${seed}: ${JSON.stringify(counts)}`);
  assert.equal(crash && `${crash.input.toString('hex')}: ${crash.error.message}`, undefined);
  // A fuzzer that is not led anywhere would find nothing either.
  assert.ok(counts.blocks > 200 && counts.kept > 100, JSON.stringify(counts));
});
