// New inputs from old ones. The words are those that decide what comes next: luck alone would not find them.

import * as numbers from '../numbers.ts';

export type Random = (below: number) => number;

const INPUT_BYTES_MAX = 512;
const interestingBytes = [0, 1, 2, 3, 4, 5, 6, 8, 16, 0x0f, 0x1f, 0x40, 0x45, 0x4f, 0x60, 0x7f, 0x80, 0xaa, 0xff];
const ports = [53, 80, 443, 1701, 2152, 3544, 4789, 4790, 5353, 6081, 6635, 8472, 51820];
const words = [...Object.values(numbers).filter((value) => value > 0xff), ...ports, 0, 1, 0xffff, 0x0044];
const protocols = Object.values(numbers).filter((value) => value <= 0xff);

/** xorshift32: a run with the same seed makes the same inputs. */
export function createRandom(seed: number): Random {
  let state = seed | 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

export function mutate(input: Buffer, other: Buffer, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(input);
  for (let count = 1 + random(4); count > 0; count--) bytes = mutateOnce(bytes, other, random);
  return bytes.subarray(0, INPUT_BYTES_MAX);
}

function mutateOnce(bytes: Buffer, other: Buffer, random: Random): Buffer {
  if (bytes.length < 4) return Buffer.concat([bytes, other]);
  const at = random(bytes.length);
  switch (random(9)) {
    case 0:
      bytes[at] = (bytes[at] as number) ^ (1 << random(8));
      return bytes;
    case 1:
      bytes[at] = random(256);
      return bytes;
    case 2:
      bytes[at] = interestingBytes[random(interestingBytes.length)] as number;
      return bytes;
    case 3:
      bytes[at] = protocols[random(protocols.length)] as number;
      return bytes;
    case 4:
      bytes.writeUInt16BE(words[random(words.length)] as number, Math.min(at, bytes.length - 2));
      return bytes;
    case 5:
      return bytes.subarray(0, at + 1);
    case 6: {
      const end = Math.min(bytes.length, at + 1 + random(16));
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    }
    case 7: {
      const end = Math.min(bytes.length, at + 1 + random(60));
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    }
    default:
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random(other.length || 1))]);
  }
}
