import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { writeUdpPcap } from '../codec/testing/pcap.ts';
import { sentStream } from '../codec/testing/stream.ts';
import { dumpCommand, dumpFile } from './dump.ts';
import type { Format } from './formats.ts';

const sent = sentStream(true);

function printed(t: TestContext, format: Format, payloads: Buffer[], count = Number.POSITIVE_INFINITY): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-dump-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'file.pcap');
  writeUdpPcap(file, payloads);
  let text = '';
  dumpFile(file, { port: 0, format, count }, (part) => {
    text += part;
  });
  return text.split('\n').slice(0, -1);
}

const bytesOf = sent.map(({ bytes }) => bytes);

test('JSON is one object a datagram with everything that is in it', (t) => {
  const objects = printed(t, 'json', bytesOf).map((line) => JSON.parse(line));
  assert.deepEqual(
    objects.map(({ from, agent, subAgentId, sequence, uptimeMs, samples }) => [
      from,
      agent,
      subAgentId,
      sequence,
      uptimeMs,
      samples.length,
    ]),
    sent.map((d, i) => [
      `packet ${i + 1}`,
      d.agent,
      d.subAgentId,
      d.sequence,
      d.uptimeMs,
      d.flows.length + d.counters.length,
    ]),
  );
  const [first] = objects[0].samples;
  const { sample } = sent[0]!.flows[0]!;
  assert.partialDeepStrictEqual(first, {
    kind: 'flow',
    source: `0:${sample.ifIndex}`,
    samplingRate: sample.samplingRate,
  });
  const header = sample.header.subarray(sample.headerOffset, sample.headerOffset + Math.min(128, sample.headerLength));
  assert.equal(first.records.at(-1).header, header.toString('hex'));
});

test('CSV has the columns of sflowtool -l', (t) => {
  const lines = printed(t, 'csv', bytesOf).map((line) => line.split(','));
  const flows = sent.flatMap((datagram) => datagram.flows.map((flow) => ({ agent: datagram.agent, ...flow })));
  const flowLines = lines.filter(([kind]) => kind === 'FLOW');
  assert.equal(flowLines.length, flows.length);
  flowLines.forEach((line, i) => {
    const { agent, packet, sample, vlan } = flows[i]!;
    assert.equal(line.length, 20);
    assert.deepEqual(line.slice(1, 4), [agent, String(sample.input), String(sample.output)]);
    assert.deepEqual(line.slice(7, 11), [String(vlan), String(vlan), packet.source, packet.destination]);
    assert.deepEqual(
      line.slice(14, 16),
      [String(packet.sourcePort ?? 0), String(packet.destinationPort ?? 0)].map((p) =>
        packet.protocol === 'icmp' ? '0' : p,
      ),
    );
    assert.equal(line.at(-1), String(sample.samplingRate));
  });
  const counters = lines.filter(([kind]) => kind === 'CNTR');
  assert.deepEqual([counters.length, counters[0]?.length], [12, 21]);
});

test('a tree names everything, and text of the wire moves no cursor', (t) => {
  const evil = Buffer.from(bytesOf.find((bytes) => bytes.includes('eth3'))!);
  evil.write('\x1b[2J', evil.indexOf('eth3'));
  const lines = printed(t, 'tree', [evil]);
  assert.equal(lines[0], 'packet 1');
  assert.ok(lines.includes('  agent: 198.51.100.7'));
  assert.ok(lines.includes('      name: \\u001b[2J'));
});

test('what is no sFlow is said to be none, and reading goes on', (t) => {
  const payloads = [Buffer.from('no sFlow at all'), bytesOf[0]!.subarray(0, 90), bytesOf[1]!];
  const lines = printed(t, 'json', payloads).map((line) => JSON.parse(line));
  assert.deepEqual(lines[0], { from: 'packet 1', error: 'version', offset: 0 });
  assert.equal(lines[1].error, 'sample_count');
  assert.equal(lines[2].sequence, 2);
  assert.equal(printed(t, 'csv', payloads)[0], 'ERROR,version,0');
  assert.equal(printed(t, 'json', bytesOf, 2).length, 2);
});

test('a file that is no capture is taken for a datagram', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-dump-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'one.bin'), bytesOf[3]!);
  const parts: string[] = [];
  assert.equal(
    dumpFile(join(folder, 'one.bin'), { port: 0, format: 'json', count: 9 }, (part) => void parts.push(part)),
    1,
  );
  assert.equal(JSON.parse(parts[0]!).sequence, 4);
});

test('wrong options are said', async () => {
  for (const argv of [
    ['--port', 'x'],
    ['--format', 'xml'],
    ['--count', '0'],
    ['a', 'b'],
    ['--nothing'],
    ['/no/such/file'],
  ])
    await assert.rejects(dumpCommand(argv), { code: 'CONFIG' });
});
