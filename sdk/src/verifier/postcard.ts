/**
 * Reads postcard, the wire format of keys: numbers as LEB128 varints (signed ones zigzag), lists as a length and their
 * elements, enumerations as the variant's number and its fields. Nothing is allocated by a length that the bytes only claim.
 */
import { VerifyError } from './error.js';

/** Bits of the widest number; a varint has at most `ceil(bits / 7)` bytes. */
const BITS = { u32: 32, length: 64 } as const;

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

  bool(): boolean {
    const byte = this.byte();
    if (byte > 1) throw this.damaged(`${byte} is no truth value`);
    return byte === 1;
  }

  string(): string {
    const bytes = this.take(this.length());
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw this.damaged('a name is not UTF-8');
    }
  }

  list<T>(element: () => T): T[] {
    const list: T[] = [];
    // Every element takes a byte or more, so a length that lies ends where the bytes do.
    for (let left = this.length(); left > 0; left--) list.push(element());
    return list;
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

  private length(): number {
    // Beyond 2^53 a length is rounded, which does not matter: no file is that long.
    return Number(this.varint(BITS.length));
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
