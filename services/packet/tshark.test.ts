// The own corpus against tshark itself: an oracle for headers that the shared captures lack, and for a newer tshark.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { LinkType } from './decode.ts';
import { Field } from './decoded-header.ts';
import { differences, wanted } from './testing/compare.ts';
import { corpus } from './testing/corpus.ts';
import { decode } from './testing/decode.ts';
import { expectation } from './testing/expectation.ts';
import { ownExceptions } from './testing/own-exceptions.ts';
import { writePcapng } from './testing/pcap.ts';
import { runTshark, tsharkInstalled } from './testing/tshark.ts';
import type { SeenPacket } from './testing/tshark-fields.ts';

// Where CI is true, a missing oracle is a failure and not a reason to look away.
const skip = tsharkInstalled || process.env.CI === 'true' ? false : 'tshark is not installed';

const linkTypes: Record<LinkType, number> = {
  ethernet: 1,
  ip: 101,
  'linux-sll': 113,
  'linux-sll2': 276,
  null: 0,
  ppp: 9,
  chdlc: 104,
  nflog: 239,
};

let seen: SeenPacket[] = [];

before(async () => {
  if (skip) return;
  const folder = mkdtempSync(join(tmpdir(), 'tcxflow-packet-'));
  try {
    const file = join(folder, 'corpus.pcapng');
    const packets = corpus.map(({ frame, linkType = 'ethernet' }) => ({
      linkType: linkTypes[linkType],
      data: frame,
      wireBytes: frame.length,
    }));
    writeFileSync(file, writePcapng(packets));
    seen = await runTshark(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

for (const [index, { name, frame, linkType = 'ethernet' }] of corpus.entries())
  test(`"${name}" decodes as tshark decodes it`, { skip }, (context) => {
    const packet = seen[index];
    assert.ok(packet, 'tshark has no such packet');
    context.diagnostic(packet.protocols);
    const out = decode(frame, { linkType });
    const want = { ...wanted(expectation(packet.layers)), ...ownExceptions[name] };
    assert.deepEqual(differences(out, want), []);
    const mss = packet.layers.findLast(({ l }) => l === 'tcp')?.mss;
    assert.equal(out.tcpMss, Number(out.tcpFlags & 2 ? (mss ?? 0) : 0));
    assert.equal((out.fields >>> Field.mss) & 1, Number(out.tcpMss > 0));
  });
