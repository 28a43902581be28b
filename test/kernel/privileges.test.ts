// Started as root, the capture service goes on with as few rights as it can.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPacketSocket } from 'libbpf-ts/packet-socket.ts';
import { type CaptureService, startCaptureService } from '../support/capture-service.ts';
import { makeLinkPair, plainFrame } from '../support/link-pair.ts';
import { needsRoot } from '../support/require-root.ts';
import { tcxflow } from '../support/up.ts';

const skip = needsRoot();
/** capabilities(7): CAP_NET_ADMIN 12, CAP_PERFMON 38, CAP_BPF 39. */
const KEPT = '000000c000001000';

interface Running extends CaptureService {
  folder: string;
  far: string;
}

/** @param section of capture, in YAML's flow style */
async function start(t: TestContext, section: string, folderMode: number): Promise<Running> {
  const { near, far } = await makeLinkPair(t);
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-privileges-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, folderMode);
  const config = join(folder, 'config.yaml');
  writeFileSync(
    config,
    `kafka: {brokers: ['127.0.0.1:9']}\nshutdown: {deadline_ms: 3000}\n` +
      `capture: {spool_folder: ${join(folder, 'spool')}, interfaces: [{match: eth0, rate: 1}]${section}}\n`,
  );
  // Where the project itself is, another user may not be able to read it.
  const programFolder = join(folder, 'program');
  mkdirSync(programFolder);
  const service = await startCaptureService(t, { netns: near, config, programFolder });
  return { ...service, folder, far };
}

/** Values of a field of /proc/PID/status, over all threads. */
function ofThreads(pid: number, field: string): string[] {
  const values = readdirSync(`/proc/${pid}/task`).map((thread) => {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
    return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
  });
  return [...new Set(values)];
}

test('as root it becomes another user with three capabilities in all its threads, and samples into its spool', {
  skip,
}, async (t) => {
  const { child, folder, far, stop } = await start(t, '', 0o755);
  const pid = child.pid ?? 0;
  const nobody = statSync(join(folder, 'spool')).uid;
  assert.notEqual(nobody, 0);
  assert.deepEqual(ofThreads(pid, 'Uid'), [[nobody, nobody, nobody, nobody].join('\t')]);
  for (const set of ['CapPrm', 'CapEff', 'CapBnd']) assert.deepEqual(ofThreads(pid, set), [KEPT], set);
  assert.deepEqual(ofThreads(pid, 'NoNewPrivs'), ['1']);
  const socket = openPacketSocket('eth0', far);
  for (let sent = 0; sent < 100; ) if (socket.send(plainFrame(100))) sent++;
  socket.close();
  await sleep(500);
  await stop();
  const segments = readdirSync(join(folder, 'spool')).map((name) => statSync(join(folder, 'spool', name)));
  assert.ok(segments.some(({ size }) => size > 100 * 100));
  assert.ok(segments.every(({ uid }) => uid === nobody));
});

test('where another user could not read its files it stays root, with as few capabilities, and says why', {
  skip,
}, async (t) => {
  const { child, folder, log } = await start(t, '', 0o700);
  const pid = child.pid ?? 0;
  assert.deepEqual(ofThreads(pid, 'Uid'), ['0\t0\t0\t0']);
  for (const set of ['CapPrm', 'CapEff', 'CapBnd']) assert.deepEqual(ofThreads(pid, set), [KEPT], set);
  assert.match(log(), new RegExp(`"stillRoot":"${folder}/[^"]* can't be (read|written) by user`));
});

test('capabilities that the configuration does not ask for are not kept', { skip }, async (t) => {
  const { child } = await start(t, ', drops: {rate: 0}', 0o755);
  assert.deepEqual(ofThreads(child.pid ?? 0, 'CapEff'), ['0000008000001000']);
});

test('a user that does not exist is a wrong configuration', { skip }, () => {
  const env = { ...process.env, TCXFLOW_CAPTURE__USER: 'nobody-of-that-name' };
  const { status, stderr } = spawnSync(process.execPath, [tcxflow, 'capture'], { env, encoding: 'utf8' });
  assert.equal(status, 2);
  assert.match(stderr, /capture\.user: nobody-of-that-name is not in \/etc\/passwd/);
});
