// The capture service itself in a network namespace of a test, without Kafka.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, relative } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { tcxflow } from './up.ts';

export interface CaptureService {
  child: ChildProcess;
  /** What it has logged so far. */
  log(): string;
  /** In order; it must end with 0. */
  stop(): Promise<void>;
}

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface CaptureServiceOptions {
  netns: string;
  config: string;
  /** As setpriv wants them; undefined: all of root's. */
  capabilities?: string;
  /** A folder where the project is mounted for this process alone: whoever may enter it can read the program. */
  programFolder?: string;
}

/** @returns when it is ready */
export async function startCaptureService(t: TestContext, options: CaptureServiceOptions): Promise<CaptureService> {
  const { netns, config, capabilities, programFolder } = options;
  const rights = capabilities ? ['setpriv', `--bounding-set=${capabilities}`, `--inh-caps=${capabilities}`] : [];
  // `ip netns exec` gives a mount namespace of its own, too.
  const mount = programFolder ? `mount --bind '${root}' '${programFolder}'; ` : '';
  const shell = ['netns', 'exec', netns, 'sh', '-ec', `ip link set lo up; ${mount}exec "$@"`, 'sh'];
  const moved = (path: string) => (programFolder ? join(programFolder, relative(root, path)) : path);
  const program = [moved(process.execPath), moved(tcxflow)];
  const child = spawn('ip', [...shell, ...rights, ...program, 'capture', '--config', config]);
  t.after(() => child.kill('SIGKILL'));
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  for (let attempt = 0; !log.includes('"msg":"ready"'); attempt++) {
    assert.ok(attempt < 150 && child.exitCode === null, log);
    await sleep(100);
  }
  return {
    child,
    log: () => log,
    async stop() {
      child.kill('SIGTERM');
      const [code] = await once(child, 'exit');
      assert.equal(code, 0, log);
    },
  };
}
