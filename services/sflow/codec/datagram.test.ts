import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DatagramBuilder, type DatagramOptions } from './datagram.ts';
import type { FlowSample } from './flow-sample.ts';
import { addressBytes } from './testing/frames.ts';
import { testCounters } from './testing/stream.ts';

function builder(options: Partial<DatagramOptions> = {}): DatagramBuilder {
  return new DatagramBuilder({ agentAddress: addressBytes('192.0.2.1'), subAgentId: 7, ...options });
}

function flow(headerLength: number, fill = 0xaa): FlowSample {
  return {
    ...{ sequence: 1, ifIndex: 3, samplingRate: 512, samplePool: 512, drops: 0, input: 3, output: 0 },
    ...{ headerProtocol: 1, wireBytes: 200, header: Buffer.alloc(headerLength, fill), headerOffset: 0, headerLength },
  };
}

describe('datagram builder', () => {
  it('writes an IPv4 agent as type 1 with four bytes', () => {
    assert.equal(
      builder().finish(0x11, 0x22).toString('hex'),
      ['00000005', '00000001', 'c0000201', '00000007', '00000011', '00000022', '00000000'].join(''),
    );
  });

  it('writes an IPv6 agent as type 2 with sixteen bytes', () => {
    const agentAddress = addressBytes('2001:db8::1');
    assert.equal(
      builder({ agentAddress }).finish(0x11, 0x22).toString('hex'),
      `0000000500000002${'20010db8000000000000000000000001'}00000007000000110000002200000000`,
    );
  });

  it('takes only an address of 16 bytes', () => {
    assert.throws(() => builder({ agentAddress: Buffer.from([192, 0, 2, 1]) }), /4 bytes, not 16/);
  });

  it('holds six flow samples of 128 header bytes in 1400 bytes', () => {
    const datagram = builder();
    let added = 0;
    while (datagram.addFlow(flow(128))) added++;
    assert.equal(added, 6);
    assert.equal(datagram.count, 6);
    assert.equal(datagram.bytes, 28 + 6 * 204);
    const bytes = datagram.finish(1, 0);
    assert.equal(bytes.length, 28 + 6 * 204);
    assert.equal(bytes.readUInt32BE(24), 6);
  });

  it('fills up to the maximum exactly and not one byte more', () => {
    const twoSamples = 28 + 2 * 204;
    const exact = builder({ maxBytes: twoSamples });
    assert.deepEqual([exact.addFlow(flow(128)), exact.addFlow(flow(128))], [true, true]);
    const short = builder({ maxBytes: twoSamples - 1 });
    assert.deepEqual([short.addFlow(flow(128)), short.addFlow(flow(128))], [true, false]);
  });

  it('leaves no trace of a sample that did not fit', () => {
    const datagram = builder({ maxBytes: 28 + 204 + 100 });
    datagram.addFlow(flow(128, 0x11));
    const before = Buffer.from(builder({ maxBytes: 28 + 204 + 100 }).finish(1, 0));
    assert.equal(datagram.addFlow(flow(128, 0x22)), false);
    const bytes = datagram.finish(1, 0);
    assert.equal(bytes.length, before.length + 204);
    assert.ok(!bytes.includes(0x22));
  });

  it('sends a sample bigger than the maximum alone', () => {
    const datagram = builder({ maxBytes: 200, portName: true });
    const counters = { ...testCounters(3, 0), ifName: 'x'.repeat(255) };
    for (const add of [() => datagram.addFlow(flow(128)), () => datagram.addCounters({ sequence: 1, counters })]) {
      assert.equal(add(), true);
      assert.equal(add(), false);
      assert.equal(datagram.addFlow(flow(1)), false);
      assert.equal(datagram.count, 1);
      assert.ok(datagram.finish(1, 0).length > 200);
    }
  });

  it('takes any sample into an empty datagram, whatever the maximum and the header cap', () => {
    for (const agentAddress of [addressBytes('192.0.2.1'), addressBytes('2001:db8::1')]) {
      for (const maxHeaderBytes of [0, 1, 128, 255, 9000]) {
        const datagram = builder({ agentAddress, maxBytes: 1, maxHeaderBytes, portName: true });
        const extendedSwitch = { sourceVlan: 1, sourcePriority: 0, destinationVlan: 1, destinationPriority: 0 };
        assert.equal(datagram.addFlow({ ...flow(9001), extendedSwitch }), true);
        datagram.finish(1, 0);
        assert.equal(
          datagram.addCounters({ sequence: 1, counters: { ...testCounters(3, 0), ifName: 'é'.repeat(300) } }),
          true,
        );
      }
    }
  });

  it('mixes flow and counters samples', () => {
    const datagram = builder();
    datagram.addFlow(flow(61));
    datagram.addCounters({ sequence: 1, counters: testCounters(3, 0) });
    assert.equal(datagram.finish(1, 0).length, 28 + (8 + 44 + 8 + 16 + 64) + 120);
  });

  it('starts the next datagram clean in the same memory', () => {
    const datagram = builder();
    datagram.addFlow(flow(128, 0xff));
    const first = datagram.finish(1, 0);
    datagram.addFlow(flow(5, 0x11));
    const second = datagram.finish(2, 10);
    assert.equal(second.buffer, first.buffer);
    assert.equal(second.subarray(-8).toString('hex'), '1111111111000000');
    assert.deepEqual([second.readUInt32BE(16), second.readUInt32BE(20), second.readUInt32BE(24)], [2, 10, 1]);
  });

  it('wraps sequence and uptime at 2^32', () => {
    const bytes = builder().finish(2 ** 32 + 1, 2 ** 32 + 2);
    assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [1, 2]);
  });
});
