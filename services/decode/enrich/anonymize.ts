// Prefix-preserving anonymisation: Crypto-PAn (Xu, Fan, Ammar, Moon: "Prefix-Preserving IP Address Anonymization", ICNP
// 2002), as the authors' reference implementation has it. Bit n of an address is flipped or not by a pseudorandom function
// of the n bits before it: AES-128 of these bits followed by those of a secret pad, of which the first bit counts. Two
// addresses that share n bits share n bits afterwards. IPv4 has its own 32 bits, mapped or not.

import { createCipheriv } from 'node:crypto';

export const KEY_BYTES = 32;
const BLOCK_BYTES = 16;

export interface Anonymizer {
  /** Replaces the 16 bytes at offset. All zeros are no address, and stay. */
  apply(bytes: Uint8Array, offset: number): void;
}

/** @param key 32 bytes: the AES key, and what the pad is made of */
export function createAnonymizer(key: Buffer): Anonymizer {
  if (key.length !== KEY_BYTES) throw new RangeError(`a key of ${key.length} bytes: must be ${KEY_BYTES}`);
  const cipher = createCipheriv('aes-128-ecb', key.subarray(0, BLOCK_BYTES), null).setAutoPadding(false);
  const pad = cipher.update(key.subarray(BLOCK_BYTES));
  // What is encrypted depends on the address alone, not on earlier output: all bits in one call.
  const blocks = Buffer.alloc(128 * BLOCK_BYTES);

  /** Block n: the first n bits of the address, then the pad's. */
  function flips(bytes: Uint8Array, start: number, bits: number): Buffer {
    for (let n = 0; n < bits; n++) {
      const block = n * BLOCK_BYTES;
      const whole = n >> 3;
      for (let i = 0; i < whole; i++) blocks[block + i] = bytes[start + i] as number;
      const mask = 0xff >> (n & 7);
      blocks[block + whole] = ((bytes[start + whole] as number) & ~mask) | ((pad[whole] as number) & mask);
      for (let i = whole + 1; i < BLOCK_BYTES; i++) blocks[block + i] = pad[i] as number;
    }
    return cipher.update(blocks.subarray(0, bits * BLOCK_BYTES));
  }

  return {
    apply(bytes, offset) {
      const kind = kindAt(bytes, offset);
      if (kind === 'none') return;
      const start = kind === 'ipv4' ? offset + 12 : offset;
      const bits = kind === 'ipv4' ? 32 : 128;
      const encrypted = flips(bytes, start, bits);
      for (let n = 0; n < bits; n++) {
        const at = start + (n >> 3);
        bytes[at] = (bytes[at] as number) ^ (((encrypted[n * BLOCK_BYTES] as number) >> 7) << (7 - (n & 7)));
      }
    },
  };
}

/** A key file: 32 bytes, or 64 hexadecimal digits. @throws {Error} */
export function parseKey(content: Buffer): Buffer {
  if (content.length === KEY_BYTES) return content;
  const text = content.length <= 100 ? content.toString('latin1').trim() : '';
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  throw new Error(`neither ${KEY_BYTES} bytes nor ${2 * KEY_BYTES} hexadecimal digits`);
}

function kindAt(bytes: Uint8Array, offset: number): 'none' | 'ipv4' | 'ipv6' {
  for (let i = 0; i < 10; i++) if (bytes[offset + i] !== 0) return 'ipv6';
  if (bytes[offset + 10] === 0xff && bytes[offset + 11] === 0xff) return 'ipv4';
  for (let i = 10; i < 16; i++) if (bytes[offset + i] !== 0) return 'ipv6';
  return 'none';
}
