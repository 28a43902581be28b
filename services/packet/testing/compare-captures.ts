// node services/packet/testing/compare-captures.ts FILE…: any captures against the tshark that is installed. Prints what
// differs; frames that tshark calls broken are compared as far as they could be read, but for where decoding stopped.

import { readFileSync } from 'node:fs';
import { linkTypeOf } from '../link/link-types.ts';
import { differences, wanted } from './compare.ts';
import { decode } from './decode.ts';
import { expectation } from './expectation.ts';
import { readCapture } from './pcap.ts';
import { runTshark } from './tshark.ts';

let compared = 0;
let differing = 0;
for (const file of process.argv.slice(2)) {
  let packets: ReturnType<typeof readCapture>;
  try {
    packets = readCapture(readFileSync(file));
  } catch (error) {
    process.stdout.write(`${file}: ${(error as Error).message}\n`);
    continue;
  }
  const seen = await runTshark(file);
  for (const [index, { layers, malformed, protocols }] of seen.entries()) {
    const packet = packets[index];
    const linkType = packet && linkTypeOf(packet.linkType);
    if (!packet || !linkType) continue;
    compared++;
    const want = wanted(expectation(layers));
    if (malformed) for (const name of ['stop', 'stopLayer', 'layers', 'fields']) delete want[name];
    const out = decode(packet.data, { linkType, frameBytes: packet.wireBytes });
    const found = differences(out, want);
    if (found.length === 0) continue;
    differing++;
    process.stdout.write(
      `${file} ${index + 1} [${protocols}${malformed ? ', malformed' : ''}]\n  ${found.join('\n  ')}\n`,
    );
  }
}
process.stdout.write(`${compared} packets compared, ${differing} differ\n`);
