// npm run test:simulator [-- --trials N --seed S]: the coverage of the 95 % intervals, by traffic, table and samples of a trial.

import { parseArgs } from 'node:util';
import { openStore } from '../support/store.ts';
import { measureCoverage } from './coverage.ts';

const { values } = parseArgs({
  options: { trials: { type: 'string', default: '2000' }, seed: { type: 'string', default: '1' } },
});
const [trials, seed] = [Number(values.trials), Number(values.seed)];
const HOUR_MS = 3_600_000;
const store = await openStore();
try {
  process.stdout.write(`seed ${seed}, ${trials} trials of each\n`);
  const beginMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS;
  for (const samples of [5, 10, 30, 100, 300, 1000]) {
    process.stdout.write(`\n${samples} samples a trial on average\n`);
    const rows = await measureCoverage(store, { trials, samples, seed, beginMs });
    const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
    console.table(
      rows.map(({ shape, table, bytes, packets }) => ({
        ...{ shape, table, bytes: percent(bytes), packets: percent(packets) },
      })),
    );
  }
} finally {
  await store.stop();
}
