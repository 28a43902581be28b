// kill -9, and two processes that want the same folder.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { TcxflowError } from '@tcxflow/common/errors.ts';
import { appendNumbers, everything, makeFolder, numbers, numbersOf, openTestSpool } from './testing.ts';

const module = (name: string) => new URL(name, import.meta.url).href;
const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
const startTime = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[21];

/** In a process of its own, with a spool of this folder open. */
function startWithSpool(t: TestContext, folder: string, script: string, stderr: 'inherit' | 'ignore' = 'inherit') {
  const source = `
    import { writeSync } from 'node:fs';
    import { openTestSpool, record } from '${module('./testing.ts')}';
    function say(text) {
      for (;;)
        try {
          return writeSync(1, text + '\\n');
        } catch (error) {
          if (error.code !== 'EAGAIN') throw error; // the pipe is full
        }
    }
    const spool = openTestSpool(process.argv[1], { maxBytes: 1 << 30, segmentBytes: 1 << 14 });
    ${script}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source, folder], {
    stdio: ['ignore', 'pipe', stderr],
  });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

/** Kills it when it has said this much. @returns the lines it said */
async function killAfter(child: ChildProcess, bytes: number): Promise<number[]> {
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (said.length >= bytes) child.kill('SIGKILL');
  });
  await once(child, 'close');
  assert.equal(child.signalCode, 'SIGKILL');
  return said.slice(0, said.lastIndexOf('\n')).split('\n').map(Number);
}

test('kill -9 while appending: everything whose append had returned is there, in order', async (t) => {
  for (const bytes of [1, 500, 5_000, 20_000]) {
    const folder = makeFolder(t);
    const child = startWithSpool(
      t,
      folder,
      'for (let number = 1; ; number++) { spool.append(record(number)); say(number); }',
    );
    const said = await killAfter(child, bytes);
    const spool = openTestSpool(folder, { maxBytes: 1 << 30 });
    const found = numbersOf(everything(spool));
    assert.deepEqual(found, numbers(1, found.length));
    assert.ok(found.length - said.length === 0 || found.length - said.length === 1, `${said.length}, ${found.length}`);
    assert.deepEqual(spool.lost(), {});
    spool.close();
  }
});

test('kill -9 while delivering: what comes again was peeked and not acknowledged, and nothing is missing', async (t) => {
  for (const bytes of [1, 2_000, 6_000]) {
    const folder = makeFolder(t);
    const before = openTestSpool(folder, { maxBytes: 1 << 23, segmentBytes: 1 << 16 });
    appendNumbers(before, 1, 20_000);
    before.close();
    const child = startWithSpool(
      t,
      folder,
      `while (spool.records > 0) { const { length } = spool.peek(300); spool.acknowledge(length); say(length); }
       setInterval(() => {}, 1000);`,
    );
    const acknowledged = (await killAfter(child, bytes)).reduce((sum, count) => sum + count, 0);
    const spool = openTestSpool(folder, { maxBytes: 1 << 23 });
    const found = numbersOf(everything(spool));
    const first = found[0] ?? 20_001;
    assert.deepEqual(found, numbers(first, 20_000));
    // It may have acknowledged once more without having said so.
    assert.ok(first === acknowledged + 1 || first === acknowledged + 4, `${first} after ${acknowledged}`);
    assert.deepEqual(spool.lost(), {});
  }
});

test('a folder in use is refused, with the process that has it; after its kill -9 it is free', async (t) => {
  const folder = makeFolder(t);
  const child = startWithSpool(t, folder, "spool.append(record(1)); say('ready'); setInterval(() => {}, 1000);");
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  const refused = (error: unknown) => {
    assert.ok(error instanceof TcxflowError);
    assert.equal(error.code, 'SPOOL_IN_USE');
    assert.ok(error.message.includes(`process ${child.pid} `), error.message);
    assert.notEqual(error.hint, '');
    return true;
  };
  assert.throws(() => openTestSpool(folder), refused);
  assert.throws(() => openTestSpool(folder), refused, 'the refused one took its own lock away only');
  child.kill('SIGKILL');
  await once(child, 'close');
  const spool = openTestSpool(folder);
  assert.deepEqual(numbersOf(everything(spool)), [1]);
  assert.throws(() => openTestSpool(folder), /SPOOL_IN_USE|this process/);
  spool.close();
  spool.close();
  assert.throws(() => spool.append({ topic: '', key: '', value: Buffer.alloc(0), samples: 0 }), /closed/);
  openTestSpool(folder).close();
});

test('of many processes that start at once on a stale lock at most one gets the folder', async (t) => {
  const folder = makeFolder(t);
  for (let round = 0; round < 3; round++) {
    for (const stale of [
      `1.12345678901.${boot}`,
      `4194305.1.${boot}`,
      `${process.pid}.${startTime(process.pid)}.other-boot`,
    ])
      writeFileSync(join(folder, `lock.${stale}`), '');
    const children = numbers(1, 6).map(() =>
      startWithSpool(t, folder, "say('mine'); setInterval(() => {}, 1000);", 'ignore'),
    );
    let owners = 0;
    const ended = children.map((child) => once(child, 'close'));
    const answers = children.map(async (child, index) => {
      const said = once(child.stdout as NodeJS.ReadableStream, 'data').then(() => owners++);
      await Promise.race([said, ended[index]]);
    });
    await Promise.all(answers);
    assert.ok(owners <= 1, `${owners} owners`);
    assert.equal(readdirSync(folder).filter((name) => name.startsWith('lock.')).length, owners);
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(ended);
  }
  openTestSpool(folder).close();
});

test('a process that has ended and was not waited for holds nothing', async (t) => {
  const folder = makeFolder(t);
  const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => parent.kill('SIGKILL'));
  const [said] = await once(parent.stdout, 'data');
  const pid = Number(said);
  while (!/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')))
    await new Promise((resolve) => setTimeout(resolve, 5));
  writeFileSync(join(folder, `lock.${pid}.${startTime(pid)}.${boot}`), '');
  openTestSpool(folder).close();
});

test('a folder that cannot be used is refused with what to do', (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, 'file'), '');
  mkdirSync(join(folder, 'shared'));
  chmodSync(join(folder, 'shared'), 0o777);
  mkdirSync(join(folder, 'odd', '000000000001.spool'), { recursive: true });
  for (const path of ['file', 'file/spool', 'shared', 'odd']) {
    assert.throws(
      () => openTestSpool(join(folder, path)),
      (error) => error instanceof TcxflowError && error.code === 'SPOOL_FOLDER' && error.hint !== '',
      path,
    );
  }
  assert.deepEqual(readdirSync(join(folder, 'odd')), ['000000000001.spool', 'position'], 'no lock stays');
});
