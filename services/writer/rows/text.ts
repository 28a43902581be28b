// Values as ClickHouse reads them from JSON.

/** Where a message stood. */
export interface Position {
  partition: number;
  offset: number;
  /** Kafka's, ms since 1970. */
  timestampMs: number;
}

/** What somebody made up must not be a number that ClickHouse refuses: its block would be tried for ever. */
export function whole(value: number): number {
  return Math.max(0, value);
}

/** Up to 2262, where nanoseconds of 64 bits end. */
const LATEST_MS = 9_214_000_000_000;

/** Milliseconds since 1970 as a date: one that tables can hold, whatever a message says. */
export function millisecondsText(timeMs: number): string {
  const ms = Math.min(LATEST_MS, Math.max(0, Math.trunc(timeMs)));
  return new Date(ms).toISOString().slice(0, 23).replace('T', ' ');
}

/** Nanoseconds since 1970 as seconds with nine digits: a double would round them. */
export function timeText(timeNs: bigint): string {
  return `${timeNs / 1_000_000_000n}.${String(timeNs % 1_000_000_000n).padStart(9, '0')}`;
}

/** 16 bytes, IPv4 mapped or not, in full: eight groups. */
export function addressText(address: Buffer, offset = 0): string {
  return address.toString('hex', offset, offset + 16).replace(/(.{4})(?!$)/g, '$1:');
}

/** As a reader knows it: 192.0.2.1 rather than ::ffff:192.0.2.1. */
export function plainAddressText(address: Buffer): string {
  const mapped = address.readUInt32BE(8) === 0xffff && address.readBigUInt64BE(0) === 0n;
  return mapped ? address.subarray(12).join('.') : addressText(address);
}

/** A line of JSON for each row. */
export function jsonLines(rows: readonly object[]): Buffer {
  return Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}
