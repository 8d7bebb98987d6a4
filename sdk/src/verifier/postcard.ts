/**
 * Reads postcard, the wire format of keys: numbers as LEB128 varints (signed ones zigzag), lists as a length and their
 * elements, enumerations as the variant's number and its fields. A list's length is compared with the most that it may be before anything
 * of it is read.
 */
import { VerifyError, limit } from './error.js';

/** Bits of the widest number; a varint has at most `ceil(bits / 7)` bytes. */
const BITS = { u32: 32, length: 64 } as const;
/** What a sum of lengths is called that is larger. */
const LARGEST = 2n ** 64n - 1n;

export class Reader {
  private at = 0;
  /** False once a number was written with more bytes than it needs. */
  canonical = true;

  constructor(private readonly what: string, private readonly bytes: Uint8Array) {}

  /** Bytes that have been read. */
  get position(): number {
    return this.at;
  }

  /** Bytes that have not been read. */
  get rest(): number {
    return this.bytes.length - this.at;
  }

  /** The next `count` bytes. */
  take(count: number): Uint8Array {
    if (count > this.rest) throw this.damaged('it ends too early');
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  byte(): number {
    return this.take(1)[0] as number;
  }

  u32(): number {
    return Number(this.varint(BITS.u32));
  }

  i32(): number {
    const zigzag = this.u32();
    return (zigzag >>> 1) ^ -(zigzag & 1);
  }

  /** Text of at most `most` bytes; `what` names them in the error. */
  string(what: string, most: number): string {
    const bytes = this.take(this.length(what, most));
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw this.damaged('a name is not UTF-8');
    }
  }

  /** At most `most` elements; `what` names them in the error. */
  list<T>(what: string, most: number, element: () => T): T[] {
    return this.listOfMany(what, most, { count: 0 }, element);
  }

  /** One of several lists that together have at most `most` elements, `before.count` of which have been read. */
  listOfMany<T>(what: string, most: number, before: { count: number }, element: () => T): T[] {
    const length = this.length(what, most, before.count);
    before.count += length;
    return Array.from({ length }, element);
  }

  /** The value of an enumeration; `variants` read the fields of each, in order. */
  variant<T>(variants: readonly (() => T)[]): T {
    const index = this.u32();
    const read = variants[index];
    if (!read) throw this.damaged(`variant ${index} does not exist`);
    return read();
  }

  damaged(why: string): VerifyError {
    return new VerifyError('Encoding', `${this.what} is truncated or damaged: ${why}`);
  }

  private length(what: string, most: number, before = 0): number {
    const length = this.varint(BITS.length);
    limit(what, 0, most, length + BigInt(before) < LARGEST ? length + BigInt(before) : LARGEST);
    return Number(length);
  }

  private varint(bits: number): bigint {
    let number = 0n;
    for (let shift = 0; shift < bits; shift += 7) {
      const byte = this.byte();
      number |= BigInt(byte & 0x7f) << BigInt(shift);
      if (byte >= 0x80) continue;
      if (number >> BigInt(bits)) break;
      if (byte === 0 && shift > 0) this.canonical = false;
      return number;
    }
    throw this.damaged('a number is too large');
  }
}
