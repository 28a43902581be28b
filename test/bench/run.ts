// npm run bench [-- --json] [NAME…]: every benchmark beside the code (*.bench.ts) whose name begins with one of NAME. With
// --peer-command COMMAND another collector beside ours, see peer.bench.ts.
// A table, and with --json one object as the last line: {metric: {median, min, max, unit, runs}}.

import { globSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Measurement } from './measure.ts';

interface Benchmark {
  /** Metric name → how it is measured. */
  benchmarks: Record<string, () => Measurement | Promise<Measurement>>;
}

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean' }, 'peer-command': { type: 'string' } },
  allowPositionals: true,
});
if (values['peer-command']) process.env.TCXFLOW_PEER_COMMAND = values['peer-command'];
const root = new URL('../../', import.meta.url);
const results: Record<string, Measurement> = {};
for (const file of globSync('{bpf,services,test}/**/*.bench.ts', { cwd: root }).sort()) {
  const { benchmarks } = (await import(new URL(file, root).href)) as Benchmark;
  for (const [name, measure] of Object.entries(benchmarks)) {
    if (positionals.length > 0 && !positionals.some((prefix) => name.startsWith(prefix))) continue;
    process.stderr.write(`${name} …\n`);
    results[name] = await measure();
  }
}
if (Object.keys(results).length === 0) {
  process.stderr.write(`no benchmark begins with ${positionals.join(' or ')}\n`);
  process.exit(2);
}
console.table(results);
if (values.json) process.stdout.write(`${JSON.stringify(results)}\n`);
