import { type ApplicationHeader, ApplicationKind, NAME_BYTES_MAX, printable } from './application-header.ts';

const HEADER_BYTES = 12;
const RESPONSE = 0x8000;
const LABEL_BYTES_MAX = 63;
/** IANA DNS OpCodes: the last one assigned. */
const OPCODE_MAX = 6;
const QUESTIONS_MAX = 255;

/** DNS, multicast DNS, LLMNR. */
export function isDnsPort(port: number): boolean {
  return port === 53 || port === 5353 || port === 5355;
}

// RFC 1035 4.1.1, and behind it the first question, 4.1.2.
//
//   0  2  identifier
//   2  2  response (1 bit), opcode (4), flags (7), code (4)
//   4  8  numbers of questions, answers, authorities, additional records
//  12  …  name, type (2), class (2)
export function decodeDns(buffer: Buffer, at: number, end: number, out: ApplicationHeader): void {
  if (at + HEADER_BYTES > end) return;
  const flags = buffer.readUInt16BE(at + 2);
  const questions = buffer.readUInt16BE(at + 4);
  const isResponse = (flags & RESPONSE) !== 0;
  if (((flags >> 11) & 15) > OPCODE_MAX || questions > QUESTIONS_MAX || (questions === 0 && !isResponse)) return;
  out.kind = ApplicationKind.dns;
  out.code = isResponse ? flags & 15 : -1;
  if (questions === 0) return;
  const start = at + HEADER_BYTES;
  const nameEnd = skipName(buffer, start, end);
  if (nameEnd < 0) return;
  out.nameAt = start;
  out.nameEnd = nameEnd;
  if (nameEnd + 2 <= end) out.type = buffer.readUInt16BE(nameEnd);
}

/** @returns where the name ends; -1 when it is cut, too long or compressed, which the first one cannot be */
function skipName(buffer: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && at - start < NAME_BYTES_MAX) {
    const bytes = buffer[at] as number;
    if (bytes === 0) return at + 1;
    if (bytes > LABEL_BYTES_MAX) return -1;
    at += 1 + bytes;
  }
  return -1;
}

/** @param end behind the empty label at the end. @returns labels with dots between them; one dot for the root */
export function formatDnsName(buffer: Buffer, start: number, end: number): string {
  if (start >= end) return '';
  const labels: string[] = [];
  for (let at = start; at < end - 1; ) {
    const bytes = buffer[at] as number;
    labels.push(printable(buffer, at + 1, at + 1 + bytes).replaceAll('.', '\\.'));
    at += 1 + bytes;
  }
  return labels.length === 0 ? '.' : labels.join('.');
}
