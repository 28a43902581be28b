// The layouts of drops.h. drop-record.test.ts compiles drops.h and compares every offset.

/** struct drop_record: offsets in bytes, little-endian. */
export const DropRecord = {
  KTIME_NS: 0, // u64
  REASON: 8, // u32
  NETNS: 12, // u32
  IFINDEX: 16, // u32
  INPUT_IFINDEX: 20, // u32
  RATE: 24, // u32
  WIRE_BYTES: 28, // u32
  SEGMENTS: 32, // u32
  HEADER_BYTES: 36, // u16
  ETHER_TYPE: 38, // u16
  VLAN_TPID: 40, // u16
  VLAN_TCI: 42, // u16
  FLAGS: 44, // u32
  NAME: 48, // char[16]
  HEADER: 64, // u8[128]
  SIZE: 192,
} as const;

export const DROP_VLAN = 1;
export const DROP_L3 = 2;
export const DROP_HEADER_MAX = 128;
export const DROP_NAME_BYTES = 16;

/** struct drop_config */
export const DropConfig = { RATE: 0, MAX_PER_SECOND: 4, HEADER_BYTES: 8, SIZE: 12 } as const;

/** struct drop_counters */
export const DropCounters = {
  BUFFERS: 0,
  PACKETS: 8,
  LOCAL: 16,
  SELECTED: 24,
  OVER_BOUND: 32,
  RING_FULL: 40,
  SIZE: 48,
} as const;

export const DROP_CORE_REASONS = 256;
export const DROP_SUBSYSTEMS = 4;
export const DROP_SUBSYSTEM_REASONS = 64;
export const DROP_SLOTS = DROP_CORE_REASONS + DROP_SUBSYSTEMS * DROP_SUBSYSTEM_REASONS;

/** Where the kernel program counts a reason; 0 = it has no slot of its own. As slot_of() of drops.bpf.c. */
export function slotOfReason(reason: number): number {
  const subsystem = reason >>> 16;
  const number = reason & 0xffff;
  if (subsystem === 0) return number < DROP_CORE_REASONS ? number : 0;
  if (subsystem > DROP_SUBSYSTEMS || number >= DROP_SUBSYSTEM_REASONS) return 0;
  return DROP_CORE_REASONS + (subsystem - 1) * DROP_SUBSYSTEM_REASONS + number;
}

/** The reason that a slot is for; 0 for slot 0. */
export function reasonOfSlot(slot: number): number {
  if (slot < DROP_CORE_REASONS) return slot;
  const index = slot - DROP_CORE_REASONS;
  const subsystem = Math.floor(index / DROP_SUBSYSTEM_REASONS) + 1;
  return subsystem * 0x1_0000 + (index % DROP_SUBSYSTEM_REASONS);
}

/** Calls back with the start of each record of a batch; what is not whole at its end is passed over. */
export function forEachDrop(batch: Buffer, visit: (start: number) => void): void {
  for (let start = 0; start + DropRecord.SIZE <= batch.length; start += DropRecord.SIZE) visit(start);
}
