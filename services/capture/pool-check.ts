// Holds the pool against the device's own counter: packets that the device had and our hook never saw were taken by somebody
// before us (XDP, an earlier program), or never came by (PACKET_QDISC_BYPASS, AF_XDP).

/** Cumulative counts of one measuring point at one time. */
export interface PoolReading {
  /** rtnl_link_stats64: of some drivers wire packets, of others (veth) buffers. */
  devicePackets: number;
  /** Wire packets at our hook, own ones included: never fewer than buffers. */
  poolPackets: number;
}

export interface PoolCheck {
  /** @param key of the measuring point @returns packets that went unseen since the last reading */
  unseen(key: string, reading: PoolReading): number;
}

/** Both counters are read one after the other while packets pass. */
const TOLERANCE_PACKETS = 100;
const TOLERANCE_SHARE = 0.05;

export function createPoolCheck(): PoolCheck {
  const last = new Map<string, PoolReading>();
  return {
    unseen(key, reading) {
      const before = last.get(key);
      last.set(key, reading);
      if (!before) return 0;
      const device = reading.devicePackets - before.devicePackets;
      // A counter that went back: the interface was made anew.
      const missing = device - (reading.poolPackets - before.poolPackets);
      return device > 0 && missing > TOLERANCE_PACKETS + device * TOLERANCE_SHARE ? missing : 0;
    },
  };
}
