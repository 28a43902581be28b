import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { TcxflowError } from '@tcxflow/common/errors.ts';
import { corpus } from '@tcxflow/packet/testing/corpus.ts';
import { writePcap } from '@tcxflow/packet/testing/pcap.ts';
import { type CapturedPacket, readCaptureFile } from './capture-file.ts';

const frames = corpus.map(({ frame }) => frame);
const installed = spawnSync('editcap', ['--version']).status === 0;
// Where CI is true, a missing oracle is a failure and not a reason to look away.
const skip = installed || process.env.CI === 'true' ? false : 'editcap (wireshark-common) is not installed';

function fileOf(t: TestContext, content: Buffer, name = 'capture'): string {
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-capture-file-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

async function readAll(path: string): Promise<CapturedPacket[]> {
  const packets: CapturedPacket[] = [];
  for await (const packet of readCaptureFile(path)) packets.push(packet);
  return packets;
}

const data = (packets: CapturedPacket[]) => packets.map((packet) => packet.data.toString('hex'));
const expected = frames.map((frame) => frame.toString('hex'));

test('pcap, with gzip and without', async (t) => {
  const pcap = writePcap(frames);
  for (const content of [pcap, gzipSync(pcap)]) {
    const packets = await readAll(fileOf(t, content));
    assert.deepEqual(data(packets), expected);
    assert.ok(packets.every(({ linkType }) => linkType === 1));
    assert.deepEqual([packets[0]?.number, packets.at(-1)?.number], [1, frames.length]);
  }
});

test('whatever Wireshark writes is read: pcapng, nanoseconds, cut packets, other link types', { skip }, async (t) => {
  const source = fileOf(t, writePcap(frames));
  for (const format of ['pcapng', 'nsecpcap', 'pcap', 'modpcap'].slice(0, 3)) {
    const target = `${source}.${format}`;
    execFileSync('editcap', ['-F', format, '-t', '1600000000.123456', source, target], { stdio: 'ignore' });
    const packets = await readAll(target);
    assert.deepEqual(data(packets), expected, format);
    assert.equal(packets[0]?.timeNs, (await firstTime(source)) + 1_600_000_000_123_456_000n, format);
  }
  execFileSync('editcap', ['-F', 'pcapng', '-s', '40', '-T', 'rawip', source, `${source}.cut`], { stdio: 'ignore' });
  const cut = await readAll(`${source}.cut`);
  assert.deepEqual(
    data(cut),
    frames.map((frame) => frame.toString('hex', 0, 40)),
  );
  assert.deepEqual(
    cut.map(({ wireBytes }) => wireBytes),
    frames.map(({ length }) => length),
  );
  assert.ok(cut.every(({ linkType }) => linkType === 101));
});

async function firstTime(path: string): Promise<bigint> {
  return (await readAll(path))[0]?.timeNs ?? -1n;
}

test('big-endian pcapng with a simple packet and a resolution of its own', async (t) => {
  const block = (type: number, body: Buffer) => {
    const padded = Buffer.concat([body, Buffer.alloc(-body.length & 3)]);
    const head = Buffer.alloc(8);
    head.writeUInt32BE(type, 0);
    head.writeUInt32BE(padded.length + 12, 4);
    return Buffer.concat([head, padded, head.subarray(4)]);
  };
  const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
  const content = Buffer.concat([
    block(0x0a0d0d0a, hex('1a2b3c4d 0001 0000 ffffffffffffffff')),
    // Link type 276, no snap length; if_tsresol 10^-9, end of options.
    block(1, hex('0114 0000 00000000 0009 0001 09000000 0000 0000')),
    block(6, hex('00000000 00000001 00000002 00000003 00000005 aabbcc')),
    block(3, hex('00000002 ddee')),
  ]);
  const packets = await readAll(fileOf(t, content));
  assert.deepEqual(data(packets), ['aabbcc', 'ddee']);
  assert.deepEqual(
    packets.map(({ timeNs, wireBytes, linkType }) => [timeNs, wireBytes, linkType]),
    [
      [2n ** 32n + 2n, 5, 276],
      [0n, 2, 276],
    ],
  );
});

test('a broken file is an error that says where, after the packets before', async (t) => {
  const pcap = writePcap(frames);
  const isCaptureFile = (error: unknown) => error instanceof TcxflowError && error.code === 'CAPTURE_FILE';
  for (const content of [Buffer.alloc(0), Buffer.from('text'), pcap.subarray(0, 10), gzipSync(pcap).subarray(0, 60)])
    await assert.rejects(readAll(fileOf(t, content)), isCaptureFile);
  await assert.rejects(readAll('/nonexistent/file'), isCaptureFile);
  for (let length = 24; length < 600; length += 7) {
    const packets: CapturedPacket[] = [];
    try {
      for await (const packet of readCaptureFile(fileOf(t, pcap.subarray(0, length)))) packets.push(packet);
    } catch (error) {
      assert.ok(isCaptureFile(error));
    }
    assert.deepEqual(data(packets), expected.slice(0, packets.length));
  }
});

test('every capture of the shared ones gives its packets', async (t) => {
  const folder = join(import.meta.dirname, '../../../../shared/pcaps');
  const counts = new Map<string, number>();
  try {
    for (const line of readFileSync(join(folder, 'expected.jsonl'), 'utf8').trimEnd().split('\n')) {
      const { file } = JSON.parse(line) as { file: string };
      counts.set(file, (counts.get(file) ?? 0) + 1);
    }
  } catch {
    return t.skip(`no captures at ${folder}`);
  }
  for (const [file, count] of counts) assert.equal((await readAll(join(folder, file))).length, count, file);
});
