// Discarded packets of one agent → DropBatch. sFlow has no totals by reason: those here count what came.

import type { Drop, DropBatch, ReasonState } from '@tcxflow/schemas/generated.ts';
import type { DecodedDiscardSample } from '../codec/decode-discard-sample.ts';
import type { DecodedStructure } from '../codec/decode-structure.ts';
import { discardNameOf } from '../codec/discard-reasons.ts';
import type { Share } from './budget.ts';
import { type Growing, grow } from './numbers.ts';
import { createPacket, headerOf, readPacket } from './packet-of.ts';

export interface DropNumbers {
  add(sample: DecodedDiscardSample, timeNs: bigint): void;
  readonly count: number;
  readonly bytes: number;
  /** @returns what has come since the last call; undefined: nothing */
  take(): Pick<DropBatch, 'reasons' | 'drops' | 'missed' | 'baseTimeNs'> | undefined;
}

const REASONS_MAX = 1000;
const OTHER = 'OTHER';
/** Of a drop beside its header, about. */
const DROP_BYTES = 50;
const INT_MAX = 0x7fffffff;

export function createDropNumbers(share: Share): DropNumbers {
  const states = new Map<string, ReasonState>();
  const lost = new Map<string, Growing>();
  let reasons: ReasonState[] = [];
  let drops: Drop[] = [];
  const packet = createPacket();
  let baseTimeNs = 0n;
  let bytes = 0;

  function stateOf(sample: DecodedDiscardSample): ReasonState {
    const named = nameOf(sample);
    const name = states.has(named) || (states.size < REASONS_MAX && share.take()) ? named : OTHER;
    let state = states.get(name);
    if (!state) {
      const zero = { buffers: 0, packets: 0, local: 0, selected: 0, overBound: 0, ringFull: 0 };
      state = { name, number: Math.min(sample.reason, INT_MAX), ...zero };
      states.set(name, state);
    }
    return state;
  }

  function countLost({ sourceClass, sourceIndex, drops: value }: DecodedDiscardSample): void {
    const key = `${sourceClass}:${sourceIndex}`;
    const known = lost.get(key);
    if (known) grow(known, value);
    else if (lost.size < REASONS_MAX && share.take()) lost.set(key, { last: value, total: 0 });
  }

  return {
    add(sample, timeNs) {
      const state = stateOf(sample);
      state.buffers++;
      state.packets++;
      state.selected++;
      countLost(sample);
      const has = readPacket(sample.records, packet);
      const [input, output] = [sample.input, sample.output].map((value) => (value <= INT_MAX ? value : 0)) as [
        number,
        number,
      ];
      if (drops.length === 0) baseTimeNs = timeNs;
      // A copy: what datagrams are received into is used again.
      const header = Buffer.from(has ? headerOf(packet) : []);
      bytes += header.length + DROP_BYTES;
      let reason = reasons.indexOf(state);
      if (reason < 0) reason = reasons.push(state) - 1;
      drops.push({
        ...{ reason, timeOffsetNs: Number(timeNs - baseTimeNs), samplingRate: 1, netns: 0, segments: 1 },
        ...{ ifIndex: output || input, ifName: '', inputIfIndex: input },
        linkType: has ? packet.linkType : 'ethernet',
        etherType: has ? packet.etherType : 0,
        bytes: has ? packet.wireBytes : 0,
        header,
      });
    },
    get count() {
      return drops.length;
    },
    get bytes() {
      return bytes;
    },
    take() {
      if (drops.length === 0) return undefined;
      const missed = [...lost.values()].reduce((sum, { total }) => sum + total, 0);
      const batch = { reasons: reasons.map((state) => ({ ...state })), drops, missed, baseTimeNs };
      reasons = [];
      drops = [];
      bytes = 0;
      return batch;
    },
  };
}

/** The kernel's name, the switch's trap, else a name of sFlow's code. */
function nameOf({ reason, records }: DecodedDiscardSample): string {
  const values = (name: string) =>
    records.find((record): record is DecodedStructure => record.kind === 'structure' && record.name === name)?.values;
  const linux = values('extended_linux_drop_reason')?.reason;
  if (linux)
    return String(linux)
      .replace(/^SKB_DROP_REASON_/, '')
      .slice(0, 64);
  const trap = values('extended_hw_trap')?.trap;
  if (trap) return String(trap).slice(0, 64);
  return discardNameOf(reason) ?? `SFLOW_${reason}`;
}
