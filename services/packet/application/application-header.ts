/** Stored in samples and flows: add, never renumber. */
export const ApplicationKind = { none: 0, dns: 1, tls: 2, quic: 3, http: 4 } as const;

/** No name is longer, as RFC 1035 2.3.4 bounds those of hosts. */
export const NAME_BYTES_MAX = 255;

export interface ApplicationHeader {
  kind: number;
  /** Of the DNS question, the TLS server name or the HTTP host; both 0 without one, or when it was cut. */
  nameAt: number;
  nameEnd: number;
  /** First protocol that a ClientHello offers. */
  alpnAt: number;
  alpnEnd: number;
  /** Highest one of TLS that is offered, as on the wire: 0x0304 is 1.3. The version of QUIC. */
  version: number;
  /** Of the DNS question; 0 when it was cut. */
  type: number;
  /** Of a DNS response; -1 in queries. */
  code: number;
}

export function createApplicationHeader(): ApplicationHeader {
  return { kind: 0, nameAt: 0, nameEnd: 0, alpnAt: 0, alpnEnd: 0, version: 0, type: 0, code: -1 };
}

/** Bytes that are no visible ASCII as \ and three decimal digits, as RFC 1035 5.1 writes them. */
export function printable(buffer: Buffer, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end && at < start + NAME_BYTES_MAX; at++) {
    const byte = buffer[at] as number;
    text += byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`;
  }
  return text;
}
