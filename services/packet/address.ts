// Addresses stay bytes until somebody reads them; here they become text, and text becomes bytes.

import { isIPv4, isIPv6 } from 'node:net';

/** @param address 16 bytes. @returns dotted for IPv4-mapped ones, else RFC 5952 4 */
export function formatAddress(address: Uint8Array): string {
  if (isMapped(address)) return address.subarray(12, 16).join('.');
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((address[i] as number) << 8) | (address[i + 1] as number));
  const [start, end] = longestZeroRun(groups);
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  // A single zero group is not shortened (4.2.2); of equal runs the first one is (4.2.3).
  return end - start < 2 ? text(groups) : `${text(groups.slice(0, start))}::${text(groups.slice(end))}`;
}

/** @returns 16 bytes, IPv4 mapped; undefined for anything else, a zone included: it has no place in 16 bytes */
export function parseAddress(text: string): Buffer | undefined {
  if (isIPv4(text)) return Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...text.split('.').map(Number)]);
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const [head = '', tail] = text.split('::');
  const before = parseGroups(head);
  const after = tail === undefined ? [] : parseGroups(tail);
  const gap = new Array<number>(16 - before.length - after.length).fill(0);
  return Buffer.from([...before, ...gap, ...after]);
}

/** @param mac 48 bits as a number */
export function formatMac(mac: number): string {
  return (mac.toString(16).padStart(12, '0').match(/../g) as string[]).join(':');
}

function isMapped(address: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (address[i] !== 0) return false;
  return address[10] === 0xff && address[11] === 0xff;
}

function longestZeroRun(groups: number[]): [start: number, end: number] {
  let best: [number, number] = [0, 0];
  let start = 0;
  for (let i = 0; i < groups.length; i++) {
    if (groups[i] !== 0) start = i + 1;
    else if (i + 1 - start > best[1] - best[0]) best = [start, i + 1];
  }
  return best;
}

/** Bytes of the groups on one side of '::'; the last may be a dotted IPv4 address. */
function parseGroups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
