#!/usr/bin/env node
// Runs main.ts with the project's own Node, whatever node found this file.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
if (Number.parseInt(process.versions.node, 10) >= 24) {
  // Runs on every host: V8's young generation keeps its first megabyte. It has grown before the service itself could say so.
  if (process.argv[2] === 'capture') setFlagsFromString('--semi-space-growth-factor=1');
  // Workers move buffers by the megabyte: counted on their own, as by default, they cause a collection every few of them.
  else setFlagsFromString('--external-memory-accounted-in-global-limit');
  // Without it every start strips the types of all files again: 25 MB and a third of the time. A cache that can't be written is no error.
  module.enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/tcxflow', import.meta.url)));
  await import(main);
} else {
  const node = fileURLToPath(new URL('../../node_modules/node/bin/node', import.meta.url));
  if (!existsSync(node)) {
    process.stderr.write('tcxflow: Node 24 is not installed here\n  run: npm run setup\n');
    process.exit(1);
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  // The terminal signals both; the child decides when to end.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal ? 1 : code));
}
