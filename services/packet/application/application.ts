// What the first bytes of a payload tell of the application. Nobody calls it unless asked to: names are personal data.
// The record is reused and keeps positions; text is made only for who wants it.

import { type DecodedHeader, Layer, Stop } from '../decoded-header.ts';
import { type ApplicationHeader, ApplicationKind, printable } from './application-header.ts';
import { decodeDns, formatDnsName, isDnsPort } from './dns.ts';
import { decodeHttp } from './http.ts';
import { decodeQuic } from './quic.ts';
import { decodeTls } from './tls.ts';

export { type ApplicationHeader, ApplicationKind, createApplicationHeader } from './application-header.ts';

/** @param header what decodeHeader() made of the same buffer */
export function decodeApplication(buffer: Buffer, header: DecodedHeader, out: ApplicationHeader): void {
  out.kind = ApplicationKind.none;
  out.nameAt = out.nameEnd = out.alpnAt = out.alpnEnd = out.version = out.type = 0;
  out.code = -1;
  const at = header.payloadAt;
  const end = Math.min(header.payloadEnd, buffer.length);
  if (header.stop !== Stop.complete || at < 0 || at >= end) return;
  const { srcPort, dstPort } = header;
  if (header.stopLayer === Layer.udp) {
    if (isDnsPort(srcPort) || isDnsPort(dstPort)) decodeDns(buffer, at, end, out);
    else decodeQuic(buffer, at, end, srcPort === 443 || dstPort === 443, out);
  } else if (header.stopLayer === Layer.tcp) {
    // RFC 1035 4.2.2: a length of two bytes stands in front.
    if (srcPort === 53 || dstPort === 53) decodeDns(buffer, at + 2, end, out);
    else if (!decodeTls(buffer, at, end, out)) decodeHttp(buffer, at, end, out);
  }
}

/** @returns the question, server name or host; empty when there is none */
export function applicationName(buffer: Buffer, { kind, nameAt, nameEnd }: ApplicationHeader): string {
  if (kind === ApplicationKind.dns) return formatDnsName(buffer, nameAt, nameEnd);
  return printable(buffer, nameAt, nameEnd);
}

export function applicationAlpn(buffer: Buffer, { alpnAt, alpnEnd }: ApplicationHeader): string {
  return printable(buffer, alpnAt, alpnEnd);
}
