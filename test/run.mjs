// Runs the test tiers: node test/run.mjs all | unit | kernel | integration. Plain JavaScript, so that what is wrong with
// the set-up is said before anything else. The tiers run one after another: they share one kernel.

import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';

const here = new URL('..', import.meta.url);
const integrationFiles = ['test/integration/**/*.test.ts', 'deploy/embedded/**/*.test.ts'];
const tiers = {
  unit: {
    files: [
      'bpf/**/*.test.ts',
      'schemas/**/*.test.ts',
      'services/**/*.test.ts',
      'deploy/lab/**/*.test.ts',
      'deploy/setup/**/*.test.*',
      'test/conventions/**/*.test.ts',
      'test/faults/**/*.test.ts',
    ],
    concurrency: 2,
  },
  kernel: { files: ['test/kernel/**/*.test.ts'], concurrency: 1 },
  // Two at a time: most of it waits for engines to come and go. What starts the whole of `tcxflow up` runs alone.
  integration: { files: integrationFiles, concurrency: 2, alone: ['startUp('] },
};

function run(title, command, args) {
  process.stdout.write(`\n== ${title}\n`);
  const startedAt = Date.now();
  const { status } = spawnSync(command, args, { cwd: here, stdio: 'inherit' });
  process.stdout.write(
    `== ${title}: ${status === 0 ? 'ok' : 'FAILED'} in ${((Date.now() - startedAt) / 1000).toFixed(0)} s\n`,
  );
  return status === 0;
}

function runTier(name) {
  const { files, concurrency, alone = [] } = tiers[name];
  const found = files.flatMap((pattern) =>
    globSync(pattern, { cwd: here, exclude: (path) => path.includes('node_modules') }),
  );
  if (found.length === 0) throw new Error(`no test files for ${name}`);
  const isAlone = (path) => {
    const text = readFileSync(new URL(path, here), 'utf8');
    return alone.some((call) => text.includes(call));
  };
  const groups = [
    [found.filter((path) => !isAlone(path)), concurrency],
    [found.filter(isAlone), 1],
  ];
  return groups
    .filter(([paths]) => paths.length > 0)
    .map(([paths, atATime]) =>
      run(`test:${name}`, process.execPath, [
        '--test',
        `--test-concurrency=${atATime}`,
        '--test-timeout=300000',
        ...paths,
      ]),
    )
    .every(Boolean);
}

const npmBin = (name) => ['node_modules/.bin', name].join('/');
const checks = [
  () => run('lint', npmBin('biome'), ['check', '--error-on-warnings', '.']),
  () => run('typecheck', npmBin('tsc'), ['--noEmit']),
];

const asked = process.argv[2] ?? 'all';
const steps =
  asked === 'all' ? [...checks, ...Object.keys(tiers).map((name) => () => runTier(name))] : [() => runTier(asked)];
if (asked !== 'all' && !(asked in tiers)) {
  process.stderr.write(`usage: node test/run.mjs all | ${Object.keys(tiers).join(' | ')}\n`);
  process.exit(2);
}
// Every step runs, so that one run tells all that is wrong.
const results = steps.map((step) => step());
process.exit(results.every(Boolean) ? 0 : 1);
