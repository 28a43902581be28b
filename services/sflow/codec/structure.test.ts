// Structures that no capture at hand has: bytes by hand from the documents, and what one side writes the other reads.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeCounterStructure, decodeFlowStructure, type Value, type Values } from './decode-structure.ts';
import { writeStructure } from './structure.ts';
import { COUNTER_STRUCTURES, type Field, FLOW_STRUCTURES, type Structure } from './structures.ts';
import { Sink } from './xdr-sink.ts';

function read(tag: number, hex: string) {
  const body = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return decodeFlowStructure(tag, body, 0, body.length)?.values;
}

/** Bytes of structures without text, lists and addresses: sizes of the documents. */
const FLOW_SIZES: Record<number, number> = {
  ...{ 2: 24, 3: 32, 4: 56, 1011: 4, 1020: 8, 1021: 24, 1022: 24, 1023: 32, 1024: 32, 1025: 56, 1026: 56, 1027: 4 },
  ...{ 1028: 4, 1029: 4, 1030: 4, 1036: 4, 1039: 4, 1040: 4, 1043: 8, 2100: 20, 2101: 44, 2102: 20, 2103: 44 },
  ...{ 2209: 48, 2210: 16 },
};
const COUNTER_SIZES: Record<number, number> = {
  ...{ 2: 52, 3: 72, 4: 80, 5: 28, 6: 80, 7: 56, 11: 20, 1001: 28, 1002: 12, 1004: 12, 2002: 8, 2003: 80, 2004: 72 },
  ...{ 2005: 52, 2006: 40, 2007: 76, 2008: 100, 2009: 60, 2010: 28, 2100: 28, 2101: 12, 2102: 16, 2103: 52, 2104: 40 },
  ...{ 2201: 60, 2207: 24 },
};

let number = 0;

/** A value that no other field has. */
function madeUp(field: Field): Value {
  number++;
  switch (field.kind) {
    case 'list':
      return [0, 1].map(() => Object.fromEntries(field.of.map((inner) => [inner.name, madeUp(inner)])) as Values);
    case 'u64':
    case 'counter64':
      return 2n ** 40n + BigInt(number);
    case 'f32':
      return number / 2;
    case 'u8':
      return number & 0xff;
    case 'mac':
      return Buffer.alloc(6, number);
    case 'ipv4':
      return Buffer.alloc(4, number);
    case 'ipv6':
    case 'uuid':
    case 'address':
      return Buffer.alloc(16, number);
    case 'string':
      return `text ${number}`;
    case 'u32[]':
      return [number, number + 1, number + 2];
    case 'mac[]':
      return [Buffer.alloc(6, number), Buffer.alloc(6, number + 1)];
    default:
      return number;
  }
}

function written(structure: Structure): { body: Buffer; values: Values } {
  const values = Object.fromEntries(structure.fields.map((field) => [field.name, madeUp(field)]));
  const sink = new Sink(Buffer.alloc(1000, 0xee));
  writeStructure(sink, structure, values);
  assert.equal(sink.overflow, false);
  assert.equal(sink.buffer.readUInt32BE(0), structure.tag);
  assert.equal(sink.buffer.readUInt32BE(4), sink.offset - 8);
  return { body: sink.buffer.subarray(8, sink.offset), values };
}

describe('structures', () => {
  it('have the sizes of the documents', () => {
    const sizes = (structures: readonly Structure[], expected: Record<number, number>) =>
      Object.fromEntries(
        structures
          .filter(({ tag }) => tag in expected)
          .map((structure) => [structure.tag, written(structure).body.length]),
      );
    assert.deepEqual(sizes(FLOW_STRUCTURES, FLOW_SIZES), FLOW_SIZES);
    assert.deepEqual(sizes(COUNTER_STRUCTURES, COUNTER_SIZES), COUNTER_SIZES);
  });

  it('are read as they were written, also with bytes behind them', () => {
    for (const [structures, decode] of [
      [FLOW_STRUCTURES, decodeFlowStructure],
      [COUNTER_STRUCTURES, decodeCounterStructure],
    ] as const)
      for (const structure of structures) {
        const { body, values } = written(structure);
        const longer = Buffer.concat([Buffer.alloc(3), body, Buffer.alloc(8)]);
        assert.deepEqual(decode(structure.tag, longer, 3, longer.length)?.values, values, structure.name);
      }
  });

  it('that are cut anywhere are not read, and nothing throws', () => {
    for (const structure of FLOW_STRUCTURES) {
      const { body } = written(structure);
      for (let end = 0; end < body.length - 3; end++)
        assert.equal(decodeFlowStructure(structure.tag, body, 0, end), null, `${structure.name} ${end}`);
    }
  });

  it('a count that cannot be true is not believed', () => {
    assert.equal(read(1012, 'ffffffff 81000001'), undefined);
    assert.equal(read(1003, '00000000 00000001 00000002 00000003 7fffffff'), undefined);
  });

  it('a gateway has path segments, communities and an address of either family', () => {
    const head = '00000001 c0000201 0000fde8 0000fde9 0000fdea';
    const values = read(
      1003,
      `${head} 00000002 00000002 00000002 00000001 00000002 00000001 00000001 00000003 00000001 fde80064 0000000a`,
    );
    assert.deepEqual(values, {
      ...{ nextHop: Buffer.from([192, 0, 2, 1]), as: 65000, sourceAs: 65001, sourcePeerAs: 65002 },
      destinationPath: [
        { type: 2, as: [1, 2] },
        { type: 1, as: [3] },
      ],
      ...{ communities: [0xfde80064], localPreference: 10 },
    });
  });

  it('an address of type 0 is none, and of a type that nobody knows ends the reading', () => {
    assert.deepEqual(read(1002, '00000000 00000018 00000010'), {
      nextHop: null,
      sourceMaskBits: 24,
      destinationMaskBits: 16,
    });
    assert.equal(read(1002, '00000003 00000018 00000010 00000000'), undefined);
  });

  it('host_cpu of the first edition has no steal and guest times', () => {
    const values = (length: number) => decodeCounterStructure(2003, Buffer.alloc(length, 1), 0, length)?.values;
    assert.deepEqual([values(68)?.contexts, values(68)?.steal, values(80)?.steal], [0x01010101, null, 0x01010101]);
    assert.equal(values(64), undefined);
  });

  it('counters of all ones are null, numbers of all ones are not', () => {
    const ones = Buffer.alloc(28, 0xff);
    assert.deepEqual(decodeCounterStructure(5, ones, 0, 28)?.values, {
      ...{ vlanId: 0xffffffff, octets: null, unicast: null, multicast: null, broadcast: null, discards: null },
    });
  });
});
