// Values as ClickHouse reads them from JSON.

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
