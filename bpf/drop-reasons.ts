// What the running kernel calls its drop reasons. Their numbers differ from kernel to kernel, so the names come from its own
// description (BTF), as the kernel's trace output has them: NO_SOCKET for SKB_DROP_REASON_NO_SOCKET.

import { reasonOfSlot } from './drop-record.ts';

/** @returns [value, name] of a kernel enumeration, of a module when one is named; null: there is none */
export type ReadEnum = (enumName: string, module: string | null) => [value: number, name: string][] | null;

export interface DropReasons {
  /** Of the reason that is counted in this slot; OTHER for slot 0. */
  name(slot: number): string;
}

const PREFIX = 'SKB_DROP_REASON_';
const SUBSYSTEM_PREFIX = 'SKB_DROP_REASON_SUBSYS_';
/** Where a subsystem's reasons are named: by the start of its own name. */
const subsystemEnums = [
  { subsystem: 'MAC80211', enumName: 'mac80211_drop_reason', module: 'mac80211', prefix: /^RX_/ },
  { subsystem: 'OPENVSWITCH', enumName: 'ovs_drop_reason', module: 'openvswitch', prefix: /^OVS_DROP_/ },
];

/** Reads the kernel's own names now, a subsystem's when they are asked for: its module may be loaded later. */
export function createDropReasons(readEnum: ReadEnum): DropReasons {
  const core = namesByValue(readEnum('skb_drop_reason', null));
  const subsystems = namesByValue(readEnum('skb_drop_reason_subsys', null));
  const known = new Map<number, string>();

  function subsystemReason(reason: number): string | undefined {
    const subsystem = subsystems.get(reason >>> 16)?.slice(SUBSYSTEM_PREFIX.length);
    if (!subsystem) return undefined;
    const place = subsystemEnums.find((entry) => subsystem.startsWith(entry.subsystem));
    const names = place && namesByValue(readEnum(place.enumName, null) ?? readEnum(place.enumName, place.module));
    const name = names?.get(reason);
    return `${subsystem}_${name ? name.replace(place?.prefix ?? '', '') : reason & 0xffff}`;
  }

  function find(slot: number): string {
    if (slot === 0) return 'OTHER';
    const reason = reasonOfSlot(slot);
    const name = reason >>> 16 === 0 ? core.get(reason) : subsystemReason(reason);
    return name?.replace(PREFIX, '') ?? `REASON_${reason}`;
  }

  return {
    name(slot) {
      let name = known.get(slot);
      if (name === undefined) {
        name = find(slot);
        known.set(slot, name);
      }
      return name;
    },
  };
}

function namesByValue(entries: [value: number, name: string][] | null): Map<number, string> {
  return new Map(entries);
}
