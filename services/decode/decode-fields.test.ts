// What is written by hand, field for field, as avsc reads it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRawBatch } from '@tcxflow/common/raw-batch.ts';
import { noCounts } from '@tcxflow/common/testing/no-counts.ts';
import { formatAddress } from '@tcxflow/packet/address.ts';
import { Field, Layer, Tunnel } from '@tcxflow/packet/decode.ts';
import { ethernet, hex, innerEthernet, ipv4, ipv6, label, tcp, udp, udpTo } from '@tcxflow/packet/testing/frames.ts';
import type { DecodedSample, SampleBatch } from '@tcxflow/schemas/generated.ts';
import { decodedBatchCodec, sampleBatchCodec } from '@tcxflow/schemas/topics.ts';
import { createMessageDecoder } from './decode-message.ts';

function decodeOne(header: Buffer, application = false): DecodedSample {
  const batch: SampleBatch = {
    agent: 'host-1',
    agentAddress: Buffer.alloc(16),
    bootId: Buffer.alloc(16),
    batchSequence: 1,
    baseTimeNs: 0n,
    clockOffsetNs: 0n,
    clockUncertaintyNs: 0,
    sources: [{ ifIndex: 2, ifName: 'eth0', direction: 'ingress', linkType: 'ethernet', ...noCounts }],
    samples: [
      {
        source: 0,
        sequence: 1,
        timeOffsetNs: 0,
        samplingRate: 1,
        sampleCount: 1,
        segments: 1,
        wireBytes: header.length,
        etherType: 0,
        inputIfIndex: 0,
        outputIfIndex: 0,
        header,
      },
    ],
  };
  const message = sampleBatchCodec.encode(batch);
  const decoder = createMessageDecoder({ partitions: 1, application });
  const position = { partition: 0, offset: 0 };
  const tally = { samples: 0, stops: [0, 0, 0, 0] as [number, number, number, number] };
  const [decoded] = decoder.decode(message, openRawBatch(message), position, tally);
  return decodedBatchCodec.decode(decoded?.value ?? null).samples[0] as DecodedSample;
}

const has = (bits: number, bit: number) => Math.floor(bits / 2 ** bit) % 2 === 1;

test('of a packet in a tunnel both ends are there: its own, and of what carries it', () => {
  const vni = 0x00_12_34;
  const inner = innerEthernet(0x86dd, ipv6(6, tcp(0x5012)));
  const vxlan = Buffer.concat([hex('08000000'), hex('001234'), hex('00'), inner]);
  const sample = decodeOne(ethernet(0x0800, ipv4(17, udpTo(4789, vxlan, 50_000), { ttl: 60, tos: 0xb8 })));
  assert.partialDeepStrictEqual(sample, { stop: 0, protocol: 6, dstPort: 443, tcpFlags: 0x12, tcpWindow: 0xffff });
  assert.partialDeepStrictEqual(sample.tunnel, {
    depth: 1,
    kind: Tunnel.vxlan,
    id: vni,
    outerProtocol: 17,
    outerDscp: 46,
    outerTtl: 60,
    outerSrcPort: 50_000,
    outerDstPort: 4789,
    innerSrcMac: 0x0200_0000_00cc,
    innerDstMac: 0x0200_0000_00dd,
  });
  assert.equal(formatAddress(sample.tunnel?.outerDstAddress as Buffer), '198.51.100.2');
  assert.notEqual(formatAddress(sample.dstAddress), '198.51.100.2');
  for (const layer of [Layer.ethernet, Layer.ipv4, Layer.udp, Layer.vxlan, Layer.ipv6, Layer.tcp])
    assert.ok(has(sample.layers, layer), `layer ${layer}`);
  for (const field of [Field.tunnel, Field.tunnelId, Field.outerAddresses, Field.ports, Field.innerMacs])
    assert.ok(has(sample.fields, field), `field ${field}`);
});

test('labels come top first; without any there are none', () => {
  const labelled = decodeOne(ethernet(0x8847, label(16, false), label(1_000_000, true), ipv4(6, tcp())));
  assert.deepEqual(labelled.mplsLabels, [16, 1_000_000]);
  const plain = decodeOne(ethernet(0x0800, ipv4(6, tcp())));
  assert.deepEqual([plain.mplsLabels, plain.tunnel, plain.application], [[], null, null]);
});

test('the application is told only when asked for', () => {
  // RFC 1035 4.1: a query for www.example.com, A, IN.
  const query = hex('1234 0100 0001 0000 0000 0000 03777777 076578616d706c65 03636f6d 00 0001 0001');
  const frame = ethernet(0x0800, ipv4(17, udp(query)));
  assert.equal(decodeOne(frame).application, null);
  assert.deepEqual(
    { ...decodeOne(frame, true).application },
    { kind: 1, name: 'www.example.com', alpn: '', version: 0, type: 1, code: -1 },
  );
});
