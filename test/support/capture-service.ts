// The capture service itself in a network namespace of a test, without Kafka.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { tcxflow } from './up.ts';

export interface CaptureService {
  child: ChildProcess;
  /** What it has logged so far. */
  log(): string;
  /** In order; it must end with 0. */
  stop(): Promise<void>;
}

/** @param capabilities as setpriv wants them; undefined: all of root's @returns when it is ready */
export async function startCaptureService(
  t: TestContext,
  options: { netns: string; config: string; capabilities?: string },
): Promise<CaptureService> {
  const { netns, config, capabilities } = options;
  const rights = capabilities ? ['setpriv', `--bounding-set=${capabilities}`, `--inh-caps=${capabilities}`] : [];
  const shell = ['netns', 'exec', netns, 'sh', '-c', 'ip link set lo up; exec "$@"', 'sh'];
  const child = spawn('ip', [...shell, ...rights, process.execPath, tcxflow, 'capture', '--config', config]);
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
