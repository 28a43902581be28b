// The application of a sample as DecodedSample.application has it. Few packets tell one, and only when asked to is it looked for.

import {
  ApplicationKind,
  applicationAlpn,
  applicationName,
  createApplicationHeader,
  decodeApplication,
} from '@tcxflow/packet/application/application.ts';
import type { DecodedHeader } from '@tcxflow/packet/decode.ts';
import { writeLong } from '@tcxflow/schemas/binary.ts';

/** Name and ALPN of up to 255 bytes, each byte as four characters at most and dots between, and six numbers. */
const BYTES_MAX = 2 * 5 * 255 + 8 * 10;

/** @returns a function whose result is valid until it is called again; undefined: the packet tells none */
export function createApplicationEncoder(): (buffer: Buffer, header: DecodedHeader) => Buffer | undefined {
  const out = createApplicationHeader();
  const bytes = Buffer.allocUnsafe(BYTES_MAX);

  function writeText(at: number, text: string): number {
    const to = writeLong(bytes, at, text.length);
    return to + bytes.write(text, to, 'latin1');
  }

  return (buffer, header) => {
    decodeApplication(buffer, header, out);
    if (out.kind === ApplicationKind.none) return undefined;
    let at = writeLong(bytes, 0, out.kind);
    at = writeText(at, applicationName(buffer, out));
    at = writeText(at, applicationAlpn(buffer, out));
    at = writeLong(bytes, at, out.version);
    at = writeLong(bytes, at, out.type);
    at = writeLong(bytes, at, out.code);
    return bytes.subarray(0, at);
  };
}
