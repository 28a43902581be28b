// npm run test:faults [-- --minutes N] [--seed S] [--every MS] [--keep]: without words the short form.

import { parseArgs } from 'node:util';
import { runFaults } from './run.ts';

const SHORT_MS = 20_000;
const SHORT_EVERY_MS = 2000;
const LONG_EVERY_MS = 3500;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seed: { type: 'string' },
    every: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const numberOf = (name: 'minutes' | 'seed' | 'every', fallback: number) => {
  const value = Number(values[name] ?? fallback);
  if (Number.isFinite(value) && value >= 0) return value;
  process.stderr.write(`--${name} is ${values[name]}: a number is wanted\n`);
  process.exit(2);
};
const isLong = values.minutes !== undefined;
const say = (line: string) => void process.stdout.write(`${line}\n`);
const result = await runFaults({
  seed: numberOf('seed', Math.floor(Math.random() * 2 ** 31)),
  durationMs: isLong ? numberOf('minutes', 1) * 60_000 : SHORT_MS,
  everyMs: numberOf('every', isLong ? LONG_EVERY_MS : SHORT_EVERY_MS),
  hosts: 4,
  samplesMax: 60,
  say,
  keepFolder: values.keep,
});
for (const problem of result.problems) say(problem);
const { problems, ...counts } = result;
say(`${JSON.stringify(counts)} ${problems.length === 0 ? 'no deviation' : 'DEVIATION'}`);
process.exit(problems.length === 0 ? 0 : 1);
