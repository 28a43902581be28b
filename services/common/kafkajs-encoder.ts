// kafkajs writes a request through a nest of encoders, each a buffer that doubles, is cleared, copied, and collected later: for
// megabytes of samples that was half of what sending cost. Here an encoder takes large buffers by reference, and is made one
// buffer only when somebody asks for its bytes. kafkajs 2.2.4 is pinned, and is the last of its line.

import { createRequire } from 'node:module';

/** What of kafkajs's Encoder is used here; `parts` and what follows are ours. */
export interface Encoder {
  /** What is written and not yet a part is at [start, offset). */
  buf: Buffer;
  offset: number;
  start?: number;
  parts?: Buffer[] | undefined;
  partsBytes?: number;
  readonly buffer: Buffer;
  size(): number;
  writeInt32(value: number): Encoder;
  ensureAvailable(bytes: number): void;
  writeBufferInternal(buffer: Buffer): void;
  writeBytes(value: Buffer | string | null): Encoder;
  writeEncoder(encoder: Encoder): Encoder;
  writeEncoderArray(encoders: readonly Encoder[]): Encoder;
}

/** From here on a reference is cheaper than a copy. */
export const REFERENCE_BYTES = 1024;

const { prototype } = createRequire(import.meta.url)('kafkajs/src/protocol/encoder') as { prototype: Encoder };

export const encoderPrototype = prototype;

/** The bytes in order, without copying them. */
export function partsOf(encoder: Encoder): Buffer[] {
  const tail = encoder.buf.subarray(encoder.start ?? 0, encoder.offset);
  return [...(encoder.parts ?? []), tail];
}

function seal(encoder: Encoder): Buffer[] {
  const start = encoder.start ?? 0;
  encoder.parts ??= [];
  if (encoder.offset > start) {
    encoder.parts.push(encoder.buf.subarray(start, encoder.offset));
    encoder.partsBytes = (encoder.partsBytes ?? 0) + encoder.offset - start;
    encoder.start = encoder.offset;
  }
  return encoder.parts;
}

/** What one encoder holds, none of it by reference, into another. */
function copyInto(to: Encoder, { buf, start = 0, offset }: Encoder): void {
  to.ensureAvailable(offset - start);
  to.offset += buf.copy(to.buf, to.offset, start, offset);
}

/** kafkajs's own names; called once. */
export function patchEncoder(): void {
  const writeOther = prototype.writeBytes;

  prototype.size = function () {
    return (this.partsBytes ?? 0) + this.offset - (this.start ?? 0);
  };

  Object.defineProperty(prototype, 'buffer', {
    get(this: Encoder): Buffer {
      if (!this.parts) return this.buf.subarray(this.start ?? 0, this.offset);
      this.buf = Buffer.concat(partsOf(this));
      this.offset = this.buf.length;
      this.parts = undefined;
      this.partsBytes = 0;
      this.start = 0;
      return this.buf;
    },
  });

  prototype.writeBufferInternal = function (buffer) {
    if (buffer.length >= REFERENCE_BYTES) {
      seal(this).push(buffer);
      this.partsBytes = (this.partsBytes ?? 0) + buffer.length;
      return;
    }
    this.ensureAvailable(buffer.length);
    buffer.copy(this.buf, this.offset);
    this.offset += buffer.length;
  };

  prototype.writeBytes = function (value) {
    if (!Buffer.isBuffer(value)) return writeOther.call(this, value);
    this.writeInt32(value.length);
    this.writeBufferInternal(value);
    return this;
  };

  prototype.ensureAvailable = function (bytes) {
    if (this.offset + bytes <= this.buf.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.buf.length, this.offset + bytes));
    this.buf.copy(larger, 0, 0, this.offset);
    this.buf = larger;
  };

  prototype.writeEncoder = function (encoder) {
    if (!encoder.parts && encoder.size() < REFERENCE_BYTES) copyInto(this, encoder);
    else for (const part of partsOf(encoder)) this.writeBufferInternal(part);
    return this;
  };

  prototype.writeEncoderArray = function (encoders) {
    // Those that lie one behind the other are one piece.
    for (let index = 0; index < encoders.length; ) {
      const { parts, buf, start = 0, offset } = encoders[index] as Encoder;
      if (parts) {
        this.writeEncoder(encoders[index++] as Encoder);
        continue;
      }
      let end = offset;
      for (index++; index < encoders.length; index++) {
        const next = encoders[index] as Encoder;
        if (next.parts || next.buf !== buf || next.start !== end) break;
        end = next.offset;
      }
      this.writeBufferInternal(buf.subarray(start, end));
    }
    return this;
  };
}
