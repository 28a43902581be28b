// Turns records of dropped packets into DropBatch messages. Pure: clocks and counters are handed in. There are few of them,
// so an object is made of each, unlike with samples.

import type { Drop, DropBatch, ReasonState } from '@tcxflow/schemas/generated.ts';
import { dropBatchCodec } from '@tcxflow/schemas/topics.ts';
import { DROP_L3, DROP_NAME_BYTES, DROP_VLAN, DropRecord, forEachDrop, slotOfReason } from 'libbpf-ts/drop-record.ts';
import { readU64 } from 'libbpf-ts/record.ts';
import type { AgentIdentity } from '../identity.ts';

export interface DropBatchOptions {
  identity: AgentIdentity;
  batchDrops: number;
  readClock: () => { offsetNs: bigint; uncertaintyNs: number };
  readReason: (slot: number) => ReasonState;
  readMissed: () => number;
  /** @param message a DropBatch, framed */
  emit: (message: Buffer) => void;
}

export interface DropBatchBuilder {
  /** @param records back to back; not needed any more when the call returns */
  add(records: Buffer): void;
  /** Emits what waits, if anything. */
  flush(): void;
  /** Emits what waits, in any case, with the state of these reasons too. */
  emitState(slots: readonly number[]): void;
  /** Time since the oldest waiting record was added; 0 = none waits. */
  waitingMs(now: number): number;
}

const MAC_ADDRESSES_BYTES = 12;

export function createDropBatchBuilder(options: DropBatchOptions): DropBatchBuilder {
  let batchSequence = 0;
  let drops: Drop[] = [];
  let baseKtimeNs = 0;
  let startedAt = 0;
  /** slot → index into reasons, in the order in which they came */
  const indexes = new Map<number, number>();

  function indexOf(slot: number): number {
    const index = indexes.get(slot) ?? indexes.size;
    indexes.set(slot, index);
    return index;
  }

  function emit(): void {
    const clock = options.readClock();
    const batch: DropBatch = {
      ...options.identity,
      batchSequence: ++batchSequence,
      baseTimeNs: (drops.length > 0 ? BigInt(baseKtimeNs) : process.hrtime.bigint()) + clock.offsetNs,
      clockOffsetNs: clock.offsetNs,
      clockUncertaintyNs: clock.uncertaintyNs,
      missed: options.readMissed(),
      reasons: [...indexes.keys()].map(options.readReason),
      drops,
    };
    drops = [];
    indexes.clear();
    options.emit(dropBatchCodec.encode(batch));
  }

  function flush(): void {
    if (drops.length > 0) emit();
  }

  return {
    add(records) {
      forEachDrop(records, (at) => {
        const ktimeNs = readU64(records, at + DropRecord.KTIME_NS);
        if (drops.length === 0) {
          baseKtimeNs = ktimeNs;
          startedAt = Date.now();
        }
        const reason = indexOf(slotOfReason(records.readUInt32LE(at + DropRecord.REASON)));
        drops.push(readDrop(records, at, reason, ktimeNs - baseKtimeNs));
        if (drops.length >= options.batchDrops) emit();
      });
    },
    flush,
    emitState(slots) {
      for (const slot of slots) indexOf(slot);
      emit();
    },
    waitingMs: (now) => (drops.length > 0 ? now - startedAt : 0),
  };
}

function readDrop(records: Buffer, at: number, reason: number, timeOffsetNs: number): Drop {
  const u32 = (field: number) => records.readUInt32LE(at + field);
  const inputIfIndex = u32(DropRecord.INPUT_IFINDEX);
  const name = records.toString('latin1', at + DropRecord.NAME, at + DropRecord.NAME + DROP_NAME_BYTES);
  return {
    reason,
    timeOffsetNs,
    samplingRate: u32(DropRecord.RATE),
    netns: u32(DropRecord.NETNS),
    ifIndex: u32(DropRecord.IFINDEX) || inputIfIndex,
    ifName: name.slice(0, name.indexOf('\0')),
    inputIfIndex,
    linkType: u32(DropRecord.FLAGS) & DROP_L3 ? 'ip' : 'ethernet',
    etherType: records.readUInt16LE(at + DropRecord.ETHER_TYPE),
    segments: u32(DropRecord.SEGMENTS),
    bytes: u32(DropRecord.WIRE_BYTES),
    header: readHeader(records, at),
  };
}

/** The header as it was on the wire: a tag that the kernel holds in metadata goes back behind the MAC addresses. */
function readHeader(records: Buffer, at: number): Buffer {
  const start = at + DropRecord.HEADER;
  const header = records.subarray(start, start + records.readUInt16LE(at + DropRecord.HEADER_BYTES));
  const flags = records.readUInt32LE(at + DropRecord.FLAGS);
  if ((flags & DROP_VLAN) === 0 || (flags & DROP_L3) !== 0 || header.length < MAC_ADDRESSES_BYTES)
    return Buffer.from(header);
  const tag = Buffer.alloc(4);
  tag.writeUInt16BE(records.readUInt16LE(at + DropRecord.VLAN_TPID), 0);
  tag.writeUInt16BE(records.readUInt16LE(at + DropRecord.VLAN_TCI), 2);
  return Buffer.concat([header.subarray(0, MAC_ADDRESSES_BYTES), tag, header.subarray(MAC_ADDRESSES_BYTES)]);
}
