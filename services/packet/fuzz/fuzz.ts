// npm run fuzz:packet -- --minutes N [--seed S]: looks for inputs that break a promise of the decoder. The first one is
// written to crashes/ and ends the run with exit code 1.

import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startCoverage } from './coverage.ts';
import { fuzz } from './fuzzer.ts';
import { crashFolder, makeSeeds } from './seeds.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string' } } });
const minutes = Number(values.minutes);
const seed = values.seed === undefined ? Date.now() & 0x7fffffff : Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(seed)) {
  process.stderr.write('usage: npm run fuzz:packet -- --minutes N [--seed S]\n');
  process.exit(2);
}
const end = performance.now() + minutes * 60_000;
const { crash, ...counts } = fuzz(makeSeeds(), seed, startCoverage(), () => performance.now() > end);
process.stdout.write(`seed ${seed}: ${JSON.stringify(counts)}\n`);
if (crash) {
  const { input, error } = crash;
  mkdirSync(crashFolder, { recursive: true });
  const file = join(crashFolder, `${createHash('sha256').update(input).digest('hex').slice(0, 12)}.bin`);
  writeFileSync(file, input);
  process.stdout.write(`${error.stack}\n${input.toString('hex')}\nkept as ${file}\n`);
}
process.exit(crash ? 1 : 0);
