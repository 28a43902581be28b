// What every input must leave true: no throw, no byte read outside of the capture, no field out of its range, one hash for
// both directions, and an end within a moment.

import assert from 'node:assert/strict';
import {
  applicationAlpn,
  applicationName,
  createApplicationHeader,
  decodeApplication,
} from '../application/application.ts';
import { communityId } from '../community-id.ts';
import { createDecodedHeader, type DecodedHeader, decodeHeader, type LinkType } from '../decode.ts';
import { flowHash } from '../flow-hash.ts';
import { isPlausible } from '../testing/plausible.ts';

export const linkTypes: readonly LinkType[] = [
  'ethernet',
  'ip',
  'linux-sll',
  'linux-sll2',
  'null',
  'ppp',
  'chdlc',
  'nflog',
];
const GUARD_BYTES = 64;
/** A decode takes a microsecond. What never ends shows by a run that never ends. */
const MOMENT_MS = 200;

const header = createDecodedHeader();
const again = createDecodedHeader();
const application = createApplicationHeader();
const memory = Buffer.alloc(4096);

/** Link type, how many times 16 bytes the frame was longer than its capture, and the frame. */
export function toInput(linkType: LinkType, cut: number, frame: Buffer): Buffer {
  return Buffer.concat([Buffer.from([linkTypes.indexOf(linkType), cut]), frame]);
}

/** @returns what kind of packet it was, for finding new kinds. @throws for a broken promise */
export function runTarget(input: Buffer): string {
  const linkType = linkTypes[(input[0] ?? 0) % linkTypes.length] as LinkType;
  const frameBytes = input.length + (input[1] ?? 0) * 16;
  const length = Math.max(0, input.length - 2);
  const start = performance.now();
  const text = decodeBetween(0x00, input, length, linkType, frameBytes, header);
  const same = decodeBetween(0xff, input, length, linkType, frameBytes, again);
  if (performance.now() - start > MOMENT_MS) assert.ok(isQuick(input, length, linkType, frameBytes), 'it takes long');
  assert.equal(text, same, 'the application depends on bytes behind the capture');
  for (const name of Object.keys(header) as (keyof DecodedHeader)[])
    if (typeof header[name] === 'number' && header[name] !== again[name])
      assert.fail(`${name} depends on bytes behind the capture: ${header[name]}, ${again[name]}`);
  assert.deepEqual([header.srcAddress, header.dstAddress], [again.srcAddress, again.dstAddress]);
  assert.ok(isPlausible(header, GUARD_BYTES + length), JSON.stringify(header));
  assert.match(communityId(header), /^(1:.{27}=)?$/);
  const { stop, stopLayer, layers, moreLayers, fields, tunnelDepth, tunnelKind } = header;
  return `${stop} ${stopLayer} ${layers} ${moreLayers} ${fields} ${tunnelDepth} ${tunnelKind} ${application.kind}`;
}

/** Others want the core, too: the best of three tries counts. */
function isQuick(input: Buffer, length: number, linkType: LinkType, frameBytes: number): boolean {
  for (let count = 0; count < 3; count++) {
    const start = performance.now();
    decodeBetween(0x00, input, length, linkType, frameBytes, header);
    if (performance.now() - start < MOMENT_MS) return true;
  }
  return false;
}

function decodeBetween(
  guard: number,
  input: Buffer,
  length: number,
  linkType: LinkType,
  frameBytes: number,
  out: DecodedHeader,
): string {
  memory.fill(guard, 0, GUARD_BYTES);
  input.copy(memory, GUARD_BYTES, Math.min(2, input.length));
  memory.fill(guard, GUARD_BYTES + length, GUARD_BYTES + length + 512);
  decodeHeader(memory, GUARD_BYTES, length, linkType, 0, frameBytes, out);
  decodeApplication(memory, out, application);
  const hash = flowHash(out);
  assert.equal(hash, flowHash(reversed(out)), 'the directions have two hashes');
  const name = applicationName(memory, application);
  assert.ok(name.length <= 4 * 255 + 128, name);
  return `${name} ${applicationAlpn(memory, application)} ${hash}`;
}

function reversed(out: DecodedHeader): DecodedHeader {
  return {
    ...out,
    ...{ srcMac: out.dstMac, dstMac: out.srcMac, srcPort: out.dstPort, dstPort: out.srcPort },
    ...{ srcAddress: out.dstAddress, dstAddress: out.srcAddress },
    ...{ outerSrcAddress: out.outerDstAddress, outerDstAddress: out.outerSrcAddress },
  };
}
