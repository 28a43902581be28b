// Every packet of the shared captures against what tshark saw in it (expected.jsonl, made by make-expected.py there).

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { linkTypeOf } from './link/link-types.ts';
import { differences, wanted } from './testing/compare.ts';
import { decode } from './testing/decode.ts';
import { exceptions } from './testing/exceptions.ts';
import { expectation } from './testing/expectation.ts';
import { type CapturedPacket, readCapture } from './testing/pcap.ts';
import type { SeenPacket } from './testing/tshark-fields.ts';

type ExpectedPacket = SeenPacket & { file: string; index: number };

const folder = join(import.meta.dirname, '../../../shared/pcaps');
const skip = existsSync(join(folder, 'expected.jsonl')) ? false : `no captures at ${folder}`;

test('all packets of the shared captures decode as tshark decodes them', { skip }, (context) => {
  const compared: Record<string, number> = {};
  const found: string[] = [];
  const captures = new Map<string, CapturedPacket[]>();
  const unused = new Set(Object.keys(exceptions));
  let packetCount = 0;
  for (const line of readFileSync(join(folder, 'expected.jsonl'), 'utf8').trimEnd().split('\n')) {
    const expected = JSON.parse(line) as ExpectedPacket;
    let packets = captures.get(expected.file);
    if (!packets) {
      packets = readCapture(readFileSync(join(folder, expected.file)));
      captures.set(expected.file, packets);
    }
    const packet = packets[expected.index - 1];
    assert.ok(packet, `${expected.file} has no packet ${expected.index}`);
    assert.deepEqual([packet.wireBytes, packet.data.length], [expected.len, expected.caplen]);
    const linkType = linkTypeOf(packet.linkType);
    assert.ok(linkType, `${expected.file}: link type ${packet.linkType}`);
    const key = `${expected.file.replace('packets/', '')} ${expected.index}`;
    unused.delete(key);
    const want = { ...wanted(expectation(expected.layers)), ...exceptions[key] };
    // make-expected.py leaves the sender's address out.
    if (expected.layers[0]?.l === 'sll') delete want.srcMac;
    const out = decode(packet.data, { linkType, frameBytes: packet.wireBytes });
    found.push(...differences(out, want).map((difference) => `${key}: ${difference}`));
    packetCount++;
    for (const { l } of expected.layers) compared[l] = (compared[l] ?? 0) + 1;
  }
  assert.deepEqual(found, []);
  assert.deepEqual([...unused], [], 'exceptions for packets that do not exist');
  // A comparison that compares nothing would pass too: there were 677 packets in 69 files when it was written.
  assert.ok(packetCount >= 677 && captures.size >= 69, `${packetCount} packets of ${captures.size} files`);
  context.diagnostic(`${packetCount} packets of ${captures.size} files: ${JSON.stringify(compared)}`);
});
