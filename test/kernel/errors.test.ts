// What the kernel refuses is explained; what we attach goes away with us.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openCapture } from 'libbpf-ts/capture.ts';
import { type CaptureError, explain } from 'libbpf-ts/errors.ts';
import { listLinks } from 'libbpf-ts/links.ts';
import { makeLinkPair } from '../support/link-pair.ts';
import { needsRoot } from '../support/require-root.ts';

const skip = needsRoot();
const root = fileURLToPath(new URL('../..', import.meta.url));
const sampling = { rate: 1, headerBytes: 64, directions: ['ingress'] as const };

/** A program of a few lines, as another process. */
const openScript = `
  import { openCapture } from 'libbpf-ts/capture.ts';
  try {
    const capture = openCapture({ onBatch: () => undefined });
    console.log('opened');
    capture.close();
  } catch (error) { console.log(error.code, error.message); }`;

test('an interface that does not exist is named as such', { skip }, (t) => {
  const capture = openCapture({ onBatch: () => undefined });
  t.after(() => capture.close());
  assert.throws(
    () => capture.attach(9999, sampling),
    (error: CaptureError) => {
      assert.equal(error.code, 'NO_SUCH_INTERFACE');
      assert.match(error.message, /ip link/);
      return true;
    },
  );
});

test('a namespace that does not exist is named as such', { skip }, () => {
  assert.throws(() => listLinks('tcxflow-test-none'), { code: 'NO_SUCH_NAMESPACE' });
});

test('more interfaces than there is room for are refused with the key to raise', { skip }, async (t) => {
  const pair = await makeLinkPair(t);
  const capture = openCapture({ netns: pair.near, maxInterfaces: 1, onBatch: () => undefined });
  t.after(() => capture.close());
  capture.attach(pair.link.ifIndex, sampling);
  assert.throws(() => capture.attach(1, sampling), { code: 'TOO_MANY_INTERFACES' });
});

for (const [capabilities, expected] of [
  ['-all', /^NOT_PERMITTED[\s\S]*CAP_BPF and CAP_NET_ADMIN/],
  ['-all,+bpf', /^NOT_PERMITTED[\s\S]*CAP_BPF and CAP_NET_ADMIN/],
  ['-all,+bpf,+net_admin', /^opened$/m],
] as const)
  test(`with capabilities ${capabilities} the answer is ${expected.source}`, { skip }, () => {
    const output = execFileSync(
      'setpriv',
      [
        `--bounding-set=${capabilities}`,
        `--inh-caps=${capabilities}`,
        process.execPath,
        '--input-type=module',
        '-e',
        openScript,
      ],
      { cwd: root, encoding: 'utf8' },
    );
    assert.match(output, expected);
  });

test('a kernel before 6.6 is told as too old', () => {
  const error = explain(
    Object.assign(new Error('bpf: Invalid argument'), { code: 'EINVAL', syscall: 'bpf(BPF_LINK_CREATE)' }),
    'attaching',
    '5.15.0',
  );
  assert.equal(error.code, 'KERNEL_TOO_OLD');
  assert.match(error.message, /6\.6/);
  assert.equal(error.exitCode, 3);
});

test('after kill -9 of the process nothing stays attached', { skip }, async (t) => {
  const pair = await makeLinkPair(t);
  const script = `
    import { openCapture } from 'libbpf-ts/capture.ts';
    const capture = openCapture({ netns: '${pair.near}', onBatch: () => undefined });
    capture.attach(${pair.link.ifIndex}, { rate: 1, headerBytes: 64, directions: ['ingress'] });
    console.log('attached');
    setInterval(() => undefined, 1000);`;
  const programs = () =>
    Number(
      execFileSync('sh', ['-c', 'cat /proc/[0-9]*/fdinfo/* 2>/dev/null | grep -c "^link_type:.*tcx" || true'], {
        encoding: 'utf8',
      }),
    );
  const before = programs();
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  assert.equal(programs(), before + 1);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(programs(), before);
});

test('the committed object is what the source builds: a rebuilt one loads and samples', {
  skip: skip || missingClang(),
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-bpf-'));
  t.after(() => rmSync(folder, { recursive: true }));
  execFileSync(join(root, 'bpf/build-object.sh'), [folder]);
  const objectPath = join(folder, 'sample.bpf.o');
  const pair = await makeLinkPair(t);
  const capture = openCapture({ netns: pair.near, objectPath, onBatch: () => undefined });
  t.after(() => capture.close());
  capture.attach(pair.link.ifIndex, sampling);
});

function missingClang(): string | false {
  if (process.env.CI === 'true') return false;
  try {
    execFileSync('clang', ['--version']);
    return false;
  } catch {
    return 'needs clang and llvm: apt-get install clang llvm';
  }
}
