// Lists of prefixes. Decisions are remembered: the same few addresses send all the time.

import { BlockList, isIPv6 } from 'node:net';

const KNOWN_MAX = 10_000;

/** @returns whether an address is in one of the prefixes; without any, all are */
export function createAllowList(prefixes: readonly string[]): (address: string) => boolean {
  if (prefixes.length === 0) return () => true;
  const list = new BlockList();
  for (const text of prefixes) {
    const [address = '', bits] = text.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    list.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
  }
  const known = new Map<string, boolean>();
  return (address) => {
    let allowed = known.get(address);
    if (allowed === undefined) {
      // A dual-stack socket shows IPv4 as ::ffff:a.b.c.d.
      const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
      allowed = list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
      if (known.size >= KNOWN_MAX) known.clear();
      known.set(address, allowed);
    }
    return allowed;
  };
}
