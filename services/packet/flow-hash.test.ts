import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDecodedHeader, type DecodedHeader, Field, Layer, Tunnel } from './decode.ts';
import { flowHash } from './flow-hash.ts';
import { corpus } from './testing/corpus.ts';
import { decode } from './testing/decode.ts';

function reversed(header: DecodedHeader): DecodedHeader {
  return {
    ...header,
    srcMac: header.dstMac,
    dstMac: header.srcMac,
    srcAddress: header.dstAddress,
    dstAddress: header.srcAddress,
    srcPort: header.dstPort,
    dstPort: header.srcPort,
    outerSrcAddress: header.outerDstAddress,
    outerDstAddress: header.outerSrcAddress,
  };
}

/** 10.x.y.z:port → 192.0.2.1:443 */
function client(index: number): DecodedHeader {
  const header = createDecodedHeader();
  header.srcAddress.set([0xff, 0xff, 10, 0, (index >> 8) & 0xff, index & 0xff], 10);
  header.dstAddress.set([0xff, 0xff, 192, 0, 2, 1], 10);
  return Object.assign(header, { protocol: 6, etherType: 0x0800, srcPort: 40_000 + (index % 1000), dstPort: 443 });
}

test('both directions of a flow have the same hash, an unsigned 32-bit number', () => {
  const headers = [
    ...corpus.map(({ frame, linkType = 'ethernet' }) => decode(frame, { linkType })),
    ...Array.from({ length: 1000 }, (_, i) => client(i)),
  ];
  for (const header of headers) {
    const hash = flowHash(header);
    assert.equal(flowHash(reversed(header)), hash);
    assert.equal(hash, hash >>> 0);
  }
});

test('each part of the key changes the hash', () => {
  const base = flowHash(client(1));
  for (const change of [{ srcPort: 1 }, { dstPort: 80 }, { protocol: 17 }, { vlanId: 5 }, { innerVlanId: 5 }])
    assert.notEqual(flowHash({ ...client(1), ...change }), base, JSON.stringify(change));
  assert.notEqual(flowHash({ ...client(1), srcAddress: client(2).srcAddress }), base);
  // Ports belong to their ends: swapping them alone makes another flow.
  assert.notEqual(flowHash({ ...client(1), srcPort: 443, dstPort: client(1).srcPort }), base);
});

test('the same private addresses in two overlays are two flows; numbers that one direction has do not count', () => {
  const inVxlan = (tunnelId: number, outer: number): DecodedHeader =>
    Object.assign(client(1), {
      ...{ tunnelDepth: 1, tunnelKind: Tunnel.vxlan, tunnelId, fields: 1 << Field.outerAddresses },
      outerSrcAddress: Buffer.alloc(16, outer),
    });
  assert.notEqual(flowHash(inVxlan(1, 1)), flowHash(client(1)));
  assert.notEqual(flowHash(inVxlan(1, 1)), flowHash(inVxlan(2, 1)));
  assert.notEqual(flowHash(inVxlan(1, 1)), flowHash(inVxlan(1, 2)));
  const up = { ...inVxlan(7, 1), tunnelKind: Tunnel.gtpu };
  assert.equal(flowHash(up), flowHash({ ...up, tunnelId: 8 }));
  const call = { ...inVxlan(7, 1), tunnelKind: Tunnel.gre, layers: 1 << Layer.ppp };
  assert.equal(flowHash(call), flowHash({ ...call, tunnelId: 8 }));
});

test('MAC addresses of IP packets do not count: both directions may take other routers', () => {
  assert.equal(flowHash({ ...client(1), srcMac: 1, dstMac: 2 }), flowHash(client(1)));
});

test('frames without addresses spread by their stations', () => {
  const hashes = Array.from({ length: 1000 }, (_, index) =>
    flowHash(Object.assign(createDecodedHeader(), { srcMac: 0x020000000000 + index, dstMac: 0x0180c200000e })),
  );
  assert.ok(new Set(hashes).size > 995);
});

test('similar flows fill every number of partitions evenly', () => {
  const flows = 60_000;
  for (const partitions of [2, 3, 4, 7, 16, 64]) {
    const counts = new Array<number>(partitions).fill(0);
    for (let index = 0; index < flows; index++) (counts[flowHash(client(index)) % partitions] as number)++;
    const expected = flows / partitions;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // Mean is partitions - 1; six standard deviations above it.
    const limit = partitions - 1 + 6 * Math.sqrt(2 * (partitions - 1));
    assert.ok(chiSquare < limit, `${partitions} partitions: chi square ${chiSquare.toFixed(1)} > ${limit.toFixed(1)}`);
  }
});

test('one changed input bit changes half of the output bits', () => {
  let flips = 0;
  let pairs = 0;
  for (let index = 0; index < 2000; index++) {
    for (let bit = 0; bit < 16; bit++) {
      const changed = { ...client(index), srcPort: client(index).srcPort ^ (1 << bit) };
      let difference = flowHash(client(index)) ^ flowHash(changed);
      for (; difference; difference &= difference - 1) flips++;
      pairs++;
    }
  }
  assert.ok(Math.abs(flips / pairs - 16) < 0.5, `${(flips / pairs).toFixed(2)} of 32 bits`);
});
