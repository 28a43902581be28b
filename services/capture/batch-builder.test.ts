import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SampleBatch, SourceState } from '@tcxflow/schemas/generated.ts';
import { sampleBatchCodec } from '@tcxflow/schemas/topics.ts';
import { FLAG_VLAN, Record } from 'libbpf-ts/record.ts';
import { type BatchBuilderOptions, createBatchBuilder, type PointState } from './batch-builder.ts';

const identity = { agent: 'host-1', agentAddress: Buffer.alloc(16, 1), bootId: Buffer.alloc(16, 2) };
const clock = { offsetNs: 1_700_000_000_123_456_789n, uncertaintyNs: 250 };

interface RecordFields {
  header?: Buffer;
  ktimeNs?: bigint;
  sequence?: bigint;
  sampleCount?: number;
  slot?: number;
  direction?: number;
  vlan?: { tpid: number; tci: number };
}

/** A record as the kernel reserves it: 72 bytes of fields, then 64, 128 or 256 for the header. */
function record(fields: RecordFields = {}): Buffer {
  const header = fields.header ?? Buffer.alloc(60);
  const bytes = Buffer.alloc(72 + (header.length <= 64 ? 64 : header.length <= 128 ? 128 : 256), 0xee);
  bytes.writeBigUInt64LE(fields.ktimeNs ?? 5_000n, Record.KTIME_NS);
  bytes.writeBigUInt64LE(fields.sequence ?? 1n, Record.SEQUENCE);
  bytes.writeUInt32LE(11, Record.INPUT_IFINDEX);
  bytes.writeUInt32LE(12, Record.OUTPUT_IFINDEX);
  bytes.writeUInt32LE(1000, Record.RATE);
  bytes.writeUInt32LE(4434, Record.WIRE_BYTES);
  bytes.writeUInt32LE(3, Record.SEGMENTS);
  bytes.writeUInt32LE(fields.sampleCount ?? 1, Record.SAMPLE_COUNT);
  bytes.writeUInt16LE(header.length, Record.HEADER_BYTES);
  bytes.writeUInt16LE(0x0800, Record.ETHER_TYPE);
  bytes.writeUInt16LE(fields.vlan?.tpid ?? 0, Record.VLAN_TPID);
  bytes.writeUInt16LE(fields.vlan?.tci ?? 0, Record.VLAN_TCI);
  bytes.writeUInt8(fields.direction ?? 0, Record.DIRECTION);
  bytes.writeUInt8(fields.vlan ? FLAG_VLAN : 0, Record.FLAGS);
  bytes.writeUInt32LE(fields.slot ?? 0, Record.SLOT);
  header.copy(bytes, Record.HEADER);
  return bytes;
}

function point(ifIndex: number, direction: SourceState['direction']): PointState {
  const counts = {
    packets: 100,
    buffers: 90,
    bytes: 80,
    selected: 7,
    ringFull: 2,
    copyFailed: 1,
    own: 3,
    ownSelected: 0,
    lostOnWay: 0,
  };
  return {
    key: `/${ifIndex}/${direction}`,
    indexOffset: 0,
    read: () => ({ ifIndex, ifName: `eth${ifIndex}`, direction, linkType: 'ethernet', ...counts }),
  };
}

const points = [point(1, 'ingress'), point(1, 'egress'), point(2, 'ingress'), point(2, 'egress')];
const pointOf = (slot: number, direction: number) => points[slot * 2 + direction] as PointState;

/** avsc makes records of classes of its own, which deepEqual tells from literals. */
function plain(batch: SampleBatch): SampleBatch {
  const { sources, samples } = batch;
  return {
    ...batch,
    sources: sources.map((source) => ({ ...source })),
    samples: samples.map((sample) => ({ ...sample })),
  };
}

function builder(options: Partial<BatchBuilderOptions> = {}) {
  const batches: SampleBatch[] = [];
  const counts: number[] = [];
  const emit = (message: Buffer, count: number) => {
    batches.push(plain(sampleBatchCodec.decode(message)));
    counts.push(count);
  };
  return {
    ...createBatchBuilder({ identity, batchSamples: 100, readClock: () => clock, emit, ...options }),
    batches,
    counts,
  };
}

test('every field of a record is read from its place', () => {
  const build = builder();
  const header = Buffer.from('0200000000bb0200000000aa0800', 'hex');
  build.add(record({ header, sequence: 2n ** 40n + 5n, slot: 1, direction: 1, sampleCount: 2 }), pointOf);
  build.flush();
  const [batch] = build.batches;
  assert.deepEqual(batch?.samples, [
    {
      source: 0,
      sequence: 2 ** 40 + 5,
      timeOffsetNs: 0,
      samplingRate: 1000,
      sampleCount: 2,
      segments: 3,
      wireBytes: 4434,
      etherType: 0x0800,
      inputIfIndex: 11,
      outputIfIndex: 12,
      header,
    },
  ]);
  assert.deepEqual(batch?.sources, [points[3]?.read()]);
  assert.deepEqual(
    [batch?.agent, batch?.agentAddress, batch?.bootId],
    [identity.agent, identity.agentAddress, identity.bootId],
  );
  assert.ok(sampleBatchCodec.type.isValid(batch));
});

test('a VLAN tag held in metadata goes back behind the MAC addresses, whatever was captured', () => {
  const frame = Buffer.from('000102030405060708090a0b0c0d0e0f10111213', 'hex');
  for (let length = 0; length <= 20; length++) {
    const build = builder();
    build.add(record({ header: frame.subarray(0, length), vlan: { tpid: 0x88a8, tci: 0xe064 } }), pointOf);
    build.flush();
    const expected =
      length < 12
        ? frame.toString('hex', 0, length)
        : `000102030405060708090a0b88a8e064${frame.toString('hex', 12, length)}`;
    assert.equal(build.batches[0]?.samples[0]?.header.toString('hex'), expected, `${length} bytes`);
  }
});

test('records of every header size are walked one after another', () => {
  const build = builder();
  const lengths = [0, 1, 64, 65, 128, 129, 256, 14];
  build.add(
    Buffer.concat(lengths.map((length, index) => record({ header: Buffer.alloc(length, index + 1) }))),
    pointOf,
  );
  build.flush();
  assert.deepEqual(
    build.batches[0]?.samples.map(({ header }) => header),
    lengths.map((length, index) => Buffer.alloc(length, index + 1)),
  );
});

test('times are exact to the nanosecond, though ns since 1970 do not fit a double', () => {
  const build = builder();
  const times = [3_000_000_000_000_001n, 3_000_000_000_000_002n, 2_999_999_999_999_990n]; // CPUs need not agree on the order
  build.add(Buffer.concat(times.map((ktimeNs) => record({ ktimeNs }))), pointOf);
  build.flush();
  const { baseTimeNs, clockOffsetNs, clockUncertaintyNs, samples } = build.batches[0] as SampleBatch;
  assert.deepEqual([clockOffsetNs, clockUncertaintyNs], [1_700_000_000_123_456_789n, 250]);
  assert.deepEqual(
    samples.map(({ timeOffsetNs }) => baseTimeNs + BigInt(timeOffsetNs)),
    [1_703_000_000_123_456_790n, 1_703_000_000_123_456_791n, 1_703_000_000_123_456_779n],
  );
});

test('the buffer of records may be overwritten when the call is over', () => {
  const build = builder();
  const records = Buffer.concat([record({ header: Buffer.alloc(60, 7) }), record({ header: Buffer.alloc(200, 8) })]);
  build.add(records, pointOf);
  records.fill(0xff);
  build.flush();
  const { samples } = build.batches[0] as SampleBatch;
  assert.deepEqual(
    samples.map(({ header }) => header),
    [Buffer.alloc(60, 7), Buffer.alloc(200, 8)],
  );
  assert.equal(samples[1]?.sequence, 1);
});

test('a batch goes out when it is full, also in the middle of a buffer, and batches are numbered without gaps', () => {
  const build = builder({ batchSamples: 3 });
  const records = Array.from({ length: 8 }, (_, index) => record({ sequence: BigInt(index + 1) }));
  build.add(Buffer.concat(records.slice(0, 2)), pointOf);
  build.add(Buffer.concat(records.slice(2)), pointOf);
  assert.deepEqual(
    build.batches.map(({ samples }) => samples.map(({ sequence }) => sequence)),
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
  );
  build.flush();
  build.flush(); // nothing waits: no batch
  assert.deepEqual(
    build.batches[2]?.samples.map(({ sequence }) => sequence),
    [7, 8],
  );
  assert.deepEqual(
    build.batches.map(({ batchSequence }) => batchSequence),
    [1, 2, 3],
  );
});

test('each measuring point stands in a batch once, in the order in which its samples came', () => {
  const build = builder({ batchSamples: 5 });
  const places = [1, 0, 1, 0, 0];
  const records = Buffer.concat(places.map((slot) => record({ slot, direction: 1 })));
  build.add(records, pointOf);
  build.add(records.subarray(136), pointOf); // one record less: the next batch has its own numbers
  build.flush();
  assert.deepEqual(
    build.batches.map(({ samples }) => samples.map(({ source }) => source)),
    [
      [0, 1, 0, 1, 1],
      [0, 1, 0, 0],
    ],
  );
  assert.deepEqual(
    build.batches.map(({ sources }) => sources.map(({ ifIndex }) => ifIndex)),
    [
      [2, 1],
      [1, 2],
    ],
  );
});

test('the samples of a GSO buffer are counted each', () => {
  const build = builder();
  build.add(Buffer.concat([record({ sampleCount: 4 }), record({ sampleCount: 1 })]), pointOf);
  build.flush();
  build.add(record(), pointOf);
  build.flush();
  assert.deepEqual(build.counts, [5, 1]);
});

test('waiting time counts from the first sample of the batch', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 10_000 });
  const build = builder();
  assert.equal(build.waitingMs(99_000), 0);
  build.add(record(), pointOf);
  t.mock.timers.tick(150);
  build.add(record(), pointOf);
  assert.equal(build.waitingMs(10_170), 170);
  build.flush();
  assert.equal(build.waitingMs(10_170), 0);
  build.add(record(), pointOf);
  assert.equal(build.waitingMs(10_170), 20);
});

test('the state of points goes out without samples, after the samples that wait', () => {
  const build = builder();
  build.add(record(), pointOf);
  build.emitState(points.slice(1, 3));
  build.add(record({ slot: 1 }), pointOf); // the indexes of the state are gone
  build.flush();
  assert.deepEqual(build.counts, [1, 0, 1]);
  assert.deepEqual(build.batches[1]?.sources, [points[1]?.read(), points[2]?.read()]);
  assert.deepEqual(
    build.batches.map(({ batchSequence }) => batchSequence),
    [1, 2, 3],
  );
  assert.deepEqual(build.batches[2]?.sources, [points[2]?.read()]);
  const ageNs = process.hrtime.bigint() + clock.offsetNs - (build.batches[1]?.baseTimeNs ?? 0n);
  assert.ok(ageNs >= 0n && ageNs < 60_000_000_000n, 'it has the time of now');
});

/** One record of a header of 100 bytes, all of them `fill`. */
const filled = (fill: number) => record({ header: Buffer.alloc(100, fill) });

test('the memory of a released message is used again, and that of another is left alone', () => {
  const kept: Buffer[] = [];
  const copies: Buffer[] = [];
  const built = createBatchBuilder({
    identity,
    batchSamples: 100,
    readClock: () => clock,
    emit(message, _count, release) {
      if (kept.push(message) % 2 === 0) release();
      copies.push(Buffer.from(message));
    },
  });
  for (let batch = 0; batch < 6; batch++) for (let index = 0; index < 100; index++) built.add(filled(batch), pointOf);
  const memories = kept.map(({ buffer }) => buffer);
  assert.equal(memories.length, 6);
  assert.deepEqual([memories[3] === memories[1], memories[5] === memories[1]], [true, true]);
  assert.equal(new Set([memories[0], memories[1], memories[2], memories[4]]).size, 4);
  for (const index of [0, 2, 4, 5]) assert.ok(kept[index]?.equals(copies[index] as Buffer), `message ${index}`);
  for (const [index, copy] of copies.entries())
    for (const { header } of sampleBatchCodec.decode(copy).samples) assert.equal(header[99], index);
});

test('a batch of few samples holds no more memory than it has bytes', () => {
  const messages: Buffer[] = [];
  const emit = (message: Buffer) => messages.push(message);
  const built = createBatchBuilder({ identity, batchSamples: 1000, readClock: () => clock, emit });
  built.add(filled(1), pointOf);
  built.flush();
  assert.ok((messages[0]?.buffer.byteLength ?? Number.POSITIVE_INFINITY) < 20_000);
});

test('a batch ends early when its samples are longer than usual; none is left out', () => {
  const build = builder({ batchSamples: 1000 });
  for (let sequence = 1; sequence <= 2500; sequence++)
    build.add(record({ header: Buffer.alloc(256), sequence: BigInt(sequence) }), pointOf);
  build.flush();
  const sequences = build.batches.flatMap(({ samples }) => samples.map(({ sequence }) => sequence));
  assert.deepEqual(
    sequences,
    Array.from({ length: 2500 }, (_, index) => index + 1),
  );
  assert.ok(build.batches.length > 3);
});

test('a full batch of more sources than usual is whole', () => {
  const build = builder({ batchSamples: 400 });
  const many = Array.from({ length: 200 }, (_, index) => point(index, 'ingress'));
  for (let index = 0; index < 400; index++) build.add(filled(index % 200), () => many[index % 200] as PointState);
  assert.deepEqual([build.batches[0]?.sources.length, build.batches[0]?.samples.length], [200, 400]);
});
