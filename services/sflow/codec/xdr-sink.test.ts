import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  closeLength,
  openLength,
  padded,
  reserve,
  rewind,
  Sink,
  writeFixedOpaque,
  writeI32,
  writeOpaque,
  writeString,
  writeU32,
  writeU64,
} from './xdr-sink.ts';

/** A sink whose bytes were used before: what is not written shows as 0xee. */
function usedSink(bytes: number): Sink {
  return new Sink(Buffer.alloc(bytes, 0xee));
}

function written(sink: Sink): string {
  return sink.buffer.subarray(0, sink.offset).toString('hex');
}

describe('xdr sink', () => {
  it('writes integers big-endian, as RFC 4506 section 4', () => {
    const sink = usedSink(64);
    writeU32(sink, 0x01020304);
    writeI32(sink, -2);
    writeU64(sink, 2 ** 40 + 5);
    assert.equal(written(sink), '01020304fffffffe0000010000000005');
  });

  it('keeps the low 32 bits of a number up to 2^53', () => {
    const sink = usedSink(64);
    writeU32(sink, 2 ** 32);
    writeU32(sink, 2 ** 53 - 1);
    writeU32(sink, 2 ** 52 + 7);
    writeU32(sink, 0xffffffff);
    assert.equal(written(sink), '00000000ffffffff00000007ffffffff');
  });

  it('writes 64-bit numbers exactly up to 2^53 - 1', () => {
    const sink = usedSink(64);
    writeU64(sink, Number.MAX_SAFE_INTEGER);
    writeU64(sink, 0xffffffff);
    assert.equal(written(sink), '001fffffffffffff00000000ffffffff');
  });

  for (const [length, bytes] of [
    [0, '00000000'],
    [1, '0000000161000000'],
    [3, '0000000361616100'],
    [4, '0000000461616161'],
    [5, '000000056161616161000000'],
  ] as const) {
    it(`writes an opaque of ${length} bytes with its true length and zeroed padding`, () => {
      const sink = usedSink(64);
      writeOpaque(sink, Buffer.from('xaaaaaaaa'), 1, length);
      assert.equal(written(sink), bytes);
    });
  }

  it('writes a fixed opaque without a length: a MAC takes eight bytes', () => {
    const sink = usedSink(64);
    writeFixedOpaque(sink, Buffer.from('020000000001', 'hex'), 0, 6);
    assert.equal(written(sink), '0200000000010000');
  });

  it('never copies from outside the source, where old bytes would show through', () => {
    const sink = usedSink(64);
    assert.throws(() => writeOpaque(sink, Buffer.alloc(4), 2, 3), RangeError);
    assert.throws(() => writeOpaque(sink, Buffer.alloc(4), -1, 2), RangeError);
  });

  it('cuts a string that is too long between two characters', () => {
    const sink = usedSink(64);
    writeString(sink, 'aé€', 5);
    assert.equal(written(sink), '0000000361c3a900');
  });

  it('fills the length in when it is closed, inner padding included, also when nested', () => {
    const sink = usedSink(64);
    const outer = openLength(sink);
    writeU32(sink, 9);
    const inner = openLength(sink);
    writeOpaque(sink, Buffer.from('abcde'), 0, 5);
    closeLength(sink, inner);
    closeLength(sink, outer);
    assert.equal(written(sink), '00000014000000090000000c000000056162636465000000');
  });

  it('says that something does not fit and writes nothing from then on', () => {
    const sink = usedSink(10);
    writeU32(sink, 1);
    writeU64(sink, 2);
    assert.equal(sink.overflow, true);
    writeU32(sink, 3);
    assert.equal(reserve(sink, 0), -1);
    assert.equal(sink.buffer.toString('hex'), '00000001eeeeeeeeeeee');
  });

  it('writes nothing behind its limit', () => {
    for (let limit = 0; limit <= 40; limit++) {
      const sink = usedSink(64);
      sink.limit = limit;
      const length = openLength(sink);
      writeString(sink, 'eth0.100', 255);
      writeU64(sink, 1);
      writeOpaque(sink, Buffer.from('abcdef'), 0, 6);
      closeLength(sink, length);
      assert.equal(sink.overflow, limit < 36);
      assert.ok(sink.buffer.subarray(limit).every((byte) => byte === 0xee));
    }
  });

  it('is usable again after a rewind', () => {
    const sink = usedSink(8);
    writeU32(sink, 1);
    const mark = sink.offset;
    writeU64(sink, 2);
    rewind(sink, mark);
    writeU32(sink, 3);
    assert.equal(sink.overflow, false);
    assert.equal(written(sink), '0000000100000003');
  });

  it('pads to multiples of four', () => {
    assert.deepEqual([0, 1, 4, 61, 128].map(padded), [0, 4, 4, 64, 128]);
  });
});
