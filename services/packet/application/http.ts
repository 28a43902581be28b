import { type ApplicationHeader, ApplicationKind, NAME_BYTES_MAX } from './application-header.ts';

const methods = ['GET ', 'POST ', 'PUT ', 'HEAD ', 'DELETE ', 'OPTIONS ', 'PATCH ', 'CONNECT ', 'TRACE '].map((text) =>
  Buffer.from(text),
);
const HOST = Buffer.from('\nhost:');
/** The Host field comes early; a loop over input needs an end. */
const LOOK_BYTES_MAX = 2048;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;

// RFC 9112 3 and RFC 9110 7.2: a method, and behind a line break the field `Host: name`, in any case of letters.
export function decodeHttp(buffer: Buffer, at: number, end: number, out: ApplicationHeader): void {
  if (!startsWithMethod(buffer, at, end)) return;
  out.kind = ApplicationKind.http;
  const last = Math.min(end, at + LOOK_BYTES_MAX);
  for (let start = at; start + HOST.length < last; start++) {
    if (buffer[start] !== LF || !matches(buffer, start, HOST, 0x20)) continue;
    keepHost(buffer, start + HOST.length, last, out);
    return;
  }
}

function startsWithMethod(buffer: Buffer, at: number, end: number): boolean {
  for (const method of methods) if (at + method.length <= end && matches(buffer, at, method, 0)) return true;
  return false;
}

/** @param ignoreCase 0x20 makes letters small; the rest of what is looked for has that bit, or is a line break */
function matches(buffer: Buffer, at: number, text: Buffer, ignoreCase: 0 | 0x20): boolean {
  for (let i = 0; i < text.length; i++) {
    const byte = buffer[at + i] as number;
    if (byte !== text[i] && (byte | ignoreCase) !== text[i]) return false;
  }
  return true;
}

/** A name that the capture cut would be another one. */
function keepHost(buffer: Buffer, at: number, end: number, out: ApplicationHeader): void {
  let start = at;
  while (start < end && (buffer[start] === SPACE || buffer[start] === TAB)) start++;
  let stop = start;
  while (stop < end && stop - start <= NAME_BYTES_MAX && buffer[stop] !== CR && buffer[stop] !== LF) stop++;
  if (stop === end || stop - start > NAME_BYTES_MAX) return;
  while (stop > start && (buffer[stop - 1] === SPACE || buffer[stop - 1] === TAB)) stop--;
  out.nameAt = start;
  out.nameEnd = stop;
}
