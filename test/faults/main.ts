// npm run test:faults [-- --minutes N] [--seed S] [--every MS] [--keep]: without words the short form.
// npm run test:faults -- --scenario scale-out: what a second worker adds, and what its coming and going costs.

import { parseArgs } from 'node:util';
import { runFaults } from './run.ts';
import { runScaleOut, tooLong } from './scale-out.ts';
import { runThroughput } from './throughput.ts';

const SHORT_MS = 20_000;
const SHORT_EVERY_MS = 2000;
const LONG_EVERY_MS = 3500;
/** Two workers do at least so many times what one does. */
const GAIN_MIN = 1.2;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seed: { type: 'string' },
    every: { type: 'string' },
    scenario: { type: 'string', default: 'faults' },
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
const seed = numberOf('seed', Math.floor(Math.random() * 2 ** 31));

async function faults(): Promise<boolean> {
  const { problems, ...counts } = await runFaults({
    seed,
    durationMs: isLong ? numberOf('minutes', 1) * 60_000 : SHORT_MS,
    everyMs: numberOf('every', isLong ? LONG_EVERY_MS : SHORT_EVERY_MS),
    hosts: 4,
    samplesMax: 60,
    say,
    keepFolder: values.keep,
  });
  for (const problem of problems) say(problem);
  say(`${JSON.stringify(counts)} ${problems.length === 0 ? 'no deviation' : 'DEVIATION'}`);
  return problems.length === 0;
}

async function scaleOut(): Promise<boolean> {
  const moved = await runScaleOut({ seed, say });
  const gains = await runThroughput(say);
  const wrong = [
    ...moved.problems,
    ...tooLong(moved),
    ...gains.filter(({ one, two }) => two < GAIN_MIN * one).map(({ service }) => `a second ${service} adds too little`),
  ];
  for (const line of wrong) say(line);
  if (wrong.length === 0) say('each second worker raises the rate, and its partitions move in time');
  return wrong.length === 0;
}

const scenarios: Record<string, () => Promise<boolean>> = { faults, 'scale-out': scaleOut };
const scenario = scenarios[values.scenario];
if (!scenario) {
  process.stderr.write(`--scenario is ${values.scenario}: ${Object.keys(scenarios).join(' or ')}\n`);
  process.exit(2);
}
process.exit((await scenario()) ? 0 : 1);
