// Lists of prefixes. Decisions are remembered: the same few addresses send all the time.

import { BlockList, isIP, isIPv6 } from 'node:net';
import { formatAddress } from '@tcxflow/packet/address.ts';

const KNOWN_MAX = 10_000;

/** Whether it is an address, or a prefix as 192.0.2.0/24. */
export function isPrefix(text: string): boolean {
  const [address = '', bits, more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32));
}

/** @param address 16 bytes, IPv4 mapped, at the offset */
export type AllowList = (bytes: Buffer, at: number) => boolean;

/** @returns whether an address is in one of the prefixes; without any, all are */
export function createAllowList(prefixes: readonly string[]): AllowList {
  if (prefixes.length === 0) return () => true;
  const list = new BlockList();
  for (const text of prefixes) {
    const [address = '', bits] = text.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    list.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
  }
  const known = new Map<string, boolean>();
  return (bytes, at) => {
    const key = bytes.toString('latin1', at, at + 16);
    let allowed = known.get(key);
    if (allowed === undefined) {
      const address = formatAddress(bytes.subarray(at, at + 16));
      allowed = list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
      if (known.size >= KNOWN_MAX) known.clear();
      known.set(key, allowed);
    }
    return allowed;
  };
}
