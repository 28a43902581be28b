import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DropBatch } from '@tcxflow/schemas/generated.ts';
import { dropBatchCodec } from '@tcxflow/schemas/topics.ts';
import { DROP_L3, DROP_VLAN, DropRecord } from 'libbpf-ts/drop-record.ts';
import { createDropBatchBuilder } from './drop-batch.ts';

const identity = { agent: 'host', agentAddress: Buffer.alloc(16, 1), bootId: Buffer.alloc(16, 2) };
const HEADER = Buffer.from('020000000001020000000002080045000054', 'hex');

/** A record as the kernel program writes it. */
function recordOf(fields: Partial<Record<keyof typeof DropRecord, number>> = {}, name = 'eth0'): Buffer {
  const record = Buffer.alloc(DropRecord.SIZE, 0xee); // the ring's memory is not cleared
  record.fill(0, 0, DropRecord.HEADER);
  record.writeBigUInt64LE(1_000_000n, DropRecord.KTIME_NS);
  for (const [field, value] of Object.entries(fields)) {
    const at = DropRecord[field as keyof typeof DropRecord];
    if (field === 'KTIME_NS') record.writeBigUInt64LE(BigInt(value), at);
    else if (['HEADER_BYTES', 'ETHER_TYPE', 'VLAN_TPID', 'VLAN_TCI'].includes(field)) record.writeUInt16LE(value, at);
    else record.writeUInt32LE(value, at);
  }
  record.write(name, DropRecord.NAME, 'latin1');
  HEADER.copy(record, DropRecord.HEADER);
  return record;
}

function builderOf(batchDrops = 100) {
  const batches: DropBatch[] = [];
  const builder = createDropBatchBuilder({
    identity,
    batchDrops,
    readClock: () => ({ offsetNs: 5_000_000_000n, uncertaintyNs: 30 }),
    readReason: (slot) => ({
      name: `reason ${slot}`,
      number: slot,
      buffers: slot * 10,
      packets: slot * 20,
      local: 0,
      selected: slot,
      overBound: 1,
      ringFull: 2,
    }),
    readMissed: () => 4,
    emit: (message) => batches.push(dropBatchCodec.decode(message)),
  });
  return { builder, batches };
}

test('a record’s fields arrive, with its reason’s totals', () => {
  const { builder, batches } = builderOf();
  builder.add(
    recordOf({
      REASON: 7,
      NETNS: 4_026_531_840,
      IFINDEX: 3,
      INPUT_IFINDEX: 2,
      RATE: 10,
      WIRE_BYTES: 98,
      SEGMENTS: 4,
      HEADER_BYTES: HEADER.length,
      ETHER_TYPE: 0x0800,
    }),
  );
  builder.flush();
  const [batch] = batches;
  assert.partialDeepStrictEqual(batch, { ...identity, batchSequence: 1, baseTimeNs: 5_001_000_000n, missed: 4 });
  assert.partialDeepStrictEqual(batch?.reasons[0], { name: 'reason 7', buffers: 70, selected: 7, ringFull: 2 });
  assert.deepEqual(Object.assign({}, batch?.drops[0]), {
    reason: 0,
    timeOffsetNs: 0,
    samplingRate: 10,
    netns: 4_026_531_840,
    ifIndex: 3,
    ifName: 'eth0',
    inputIfIndex: 2,
    linkType: 'ethernet',
    etherType: 0x0800,
    segments: 4,
    bytes: 98,
    header: HEADER,
  });
});

test('without a device the interface is where the packet came in', () => {
  const { builder, batches } = builderOf();
  builder.add(recordOf({ REASON: 1, INPUT_IFINDEX: 9 }, ''));
  builder.flush();
  assert.partialDeepStrictEqual(batches[0]?.drops[0], { ifIndex: 9, ifName: '', header: Buffer.alloc(0) });
});

test('a tag goes back behind the addresses of an Ethernet header, and nowhere else', () => {
  const { builder, batches } = builderOf();
  const tagged = { VLAN_TPID: 0x8100, VLAN_TCI: 0x6005, HEADER_BYTES: HEADER.length };
  builder.add(recordOf({ ...tagged, FLAGS: DROP_VLAN }));
  builder.add(recordOf({ ...tagged, FLAGS: DROP_VLAN | DROP_L3 }));
  builder.add(recordOf({ ...tagged, FLAGS: DROP_VLAN, HEADER_BYTES: 11 }));
  builder.flush();
  const [first, second, third] = batches[0]?.drops ?? [];
  assert.equal(first?.header.toString('hex'), '02000000000102000000000281006005080045000054');
  assert.deepEqual([second?.linkType, second?.header], ['ip', HEADER]);
  assert.deepEqual(third?.header, HEADER.subarray(0, 11));
});

test('reasons are listed once, and records of many batches keep their order and time', () => {
  const { builder, batches } = builderOf(3);
  builder.add(
    Buffer.concat([3, 5, 3, 5].map((reason, index) => recordOf({ REASON: reason, KTIME_NS: 1000 + index * 10 }))),
  );
  builder.flush();
  const summary = batches.map(({ batchSequence, reasons, drops }) => ({
    batchSequence,
    reasons: reasons.map(({ number }) => number),
    drops: drops.map(({ reason, timeOffsetNs }) => [reason, timeOffsetNs]),
  }));
  assert.deepEqual(summary, [
    {
      batchSequence: 1,
      reasons: [3, 5],
      drops: [
        [0, 0],
        [1, 10],
        [0, 20],
      ],
    },
    { batchSequence: 2, reasons: [5], drops: [[0, 0]] },
  ]);
});

test('the state of all reasons comes also without drops, and with those that wait', () => {
  const { builder, batches } = builderOf();
  builder.flush();
  assert.equal(batches.length, 0);
  builder.emitState([]);
  builder.add(recordOf({ REASON: 8 }));
  builder.emitState([2, 8]);
  assert.deepEqual(
    batches.map(({ reasons, drops }) => [reasons.map(({ number }) => number), drops.length]),
    [
      [[], 0],
      [[8, 2], 1],
    ],
  );
  assert.equal(builder.waitingMs(Date.now()), 0);
});
