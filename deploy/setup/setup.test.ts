// What set-up says. What it does is tried on fresh machines: a test must not install packages.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('setup.mjs', import.meta.url));

function setup(args: string[], env: NodeJS.ProcessEnv = {}) {
  return spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', env: { ...process.env, ...env } });
}

test('on a machine that is set up it has nothing to do, and with --quiet nothing to say', () => {
  const { status, stdout, stderr } = setup(['--quiet']);
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
  assert.match(setup([]).stderr, /system packages: there\nnpm packages: there\naddon: there\nKafka jars: there\n/);
});

test('an unknown option exits 2 and shows the usage', () => {
  const { status, stderr } = setup(['--quite']);
  assert.equal(status, 2);
  assert.match(stderr, /unknown option --quite\nusage: /);
});

test('without apt it names what is missing, what for, and the command that would do it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-setup-'));
  t.after(() => rmSync(folder, { recursive: true }));
  symlinkSync(process.execPath, join(folder, 'node'));
  const { status, stderr } = setup(['--quiet'], { PATH: folder, CC: '' });
  assert.equal(status, 1);
  assert.match(stderr, /no apt-get: gcc \(compiles the addon\)/);
  assert.match(stderr, /This would do it:\n {2}on Debian or Ubuntu: apt-get update && apt-get install .*\bgcc\b/);
});

test('without root and sudo it gives the command to run with sudo', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-setup-'));
  t.after(() => rmSync(folder, { recursive: true }));
  symlinkSync('/usr/bin/apt-get', join(folder, 'apt-get'));
  // Somebody who is not root, in a PATH without sudo.
  const code = `process.getuid = () => 65534; await import('${script}')`;
  const env = { ...process.env, PATH: folder, CC: '' };
  const args = ['--input-type=module', '-e', code];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  assert.equal(status, 1);
  assert.match(stderr, /needs root, and sudo would ask for a password/);
  assert.match(stderr, /sudo sh -c 'apt-get update && apt-get install/);
});
