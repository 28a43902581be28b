import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { inNetns, ip, ipBatch, netnsName, removeStaleNetns } from './netns.ts';

/** Puts a shell script named ip first in PATH. @returns what it wrote into its $LOG */
function fakeIp(context: TestContext, script: string): () => string {
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-netns-'));
  const log = join(folder, 'log');
  writeFileSync(log, '');
  writeFileSync(join(folder, 'ip'), `#!/bin/sh\nLOG=${log}\n${script}\n`);
  chmodSync(join(folder, 'ip'), 0o755);
  const { PATH } = process.env;
  process.env.PATH = `${folder}${delimiter}${PATH}`;
  context.after(() => {
    process.env.PATH = PATH;
    rmSync(folder, { recursive: true });
  });
  return () => readFileSync(log, 'utf8');
}

test('a name carries its kind, its owner’s pid and its role', () => {
  assert.equal(netnsName('tcxflow-lab', 'client-b', 4711), 'tcxflow-lab-4711-client-b');
  assert.equal(netnsName('tcxflow-lab', 'server'), `tcxflow-lab-${process.pid}-server`);
});

test('namespaces are removed whose owner is gone or another program, and no others', async (context) => {
  const ended = spawnSync('true').pid;
  const other = spawn('sleep', ['60']); // a pid given out again
  context.after(() => other.kill());
  const lines = [
    `tcxflow-lab-${ended}-server (id: 0)`,
    `tcxflow-lab-${ended}-client-b`,
    `tcxflow-lab-${other.pid}-server`,
    `tcxflow-lab-${process.pid}-server (id: 1)`,
    `tcxflow-test-${ended}-near1`,
    `my-tcxflow-lab-${ended}-server`,
    'tcxflow-lab-server',
    'blue (id: 3)',
  ];
  const log = fakeIp(context, `[ "$2" = list ] && echo '${lines.join('\n')}' || echo "$@" >> $LOG`);
  const stale = [`tcxflow-lab-${ended}-server`, `tcxflow-lab-${ended}-client-b`, `tcxflow-lab-${other.pid}-server`];
  assert.deepEqual(await removeStaleNetns('tcxflow-lab'), stale);
  assert.equal(log(), stale.map((name) => `netns delete ${name}\n`).join(''));
});

test('where there are no namespaces nothing is removed', async (context) => {
  const log = fakeIp(context, '[ "$2" = list ] || echo "$@" >> $LOG');
  assert.deepEqual(await removeStaleNetns('tcxflow-lab'), []);
  assert.equal(log(), '');
});

test('a command of ip that fails says which and why', async (context) => {
  fakeIp(context, '[ "$1" = -n ] && cat > $LOG; echo "Cannot find device \\"eth9\\"" >&2; exit 1');
  await assert.rejects(ip('link', 'show', 'eth9'), { message: 'ip link show eth9: Cannot find device "eth9"' });
  await assert.rejects(ipBatch('near', ['link show eth9']), { message: 'ip -n near: Cannot find device "eth9"' });
});

test('the lines of a batch reach one ip in their order', async (context) => {
  const log = fakeIp(context, 'echo "ip $*" >> $LOG; cat >> $LOG');
  await ipBatch('near', ['link add eth0 type dummy', 'link set eth0 up']);
  assert.equal(log(), 'ip -n near -batch -\nlink add eth0 type dummy\nlink set eth0 up\n');
});

test('a command runs in a namespace with its arguments untouched', async (context) => {
  fakeIp(context, 'for each in "$@"; do printf "[%s]" "$each"; done');
  assert.equal(await inNetns('near', 'sh', '-c', 'echo "a b"  > /x'), '[netns][exec][near][sh][-c][echo "a b"  > /x]');
});
