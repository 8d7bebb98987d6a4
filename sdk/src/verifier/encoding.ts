/**
 * Canonical bytes of field elements and curve points, as the EVM writes them: a scalar is 32 bytes, big-endian, below the
 * modulus; a point of G1 is `x || y`, `(0, 0)` for the point at infinity; a point of G2 is `x.c0 || x.c1 || y.c0 || y.c1`.
 */
import { bn254 } from '@noble/curves/bn254.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

import { VerifyError } from './error.js';

/** The scalar field, whose elements are circuits' values. */
export const Fr = bn254.fields.Fr;
const Fp = bn254.fields.Fp;
const Fp2 = bn254.fields.Fp2;

export const G1 = bn254.G1.Point;
export const G2 = bn254.G2.Point;
/** A point of the curve over the base field. */
export type G1Point = typeof G1.BASE;
/** A point of the twist over the quadratic extension. */
export type G2Point = typeof G2.BASE;

/** Bytes of a word. */
export const WORD = 32;

/** A big-endian number. */
export function numberOf(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytesToHex(bytes)}`);
}

/** A number below 2^256 as 32 big-endian bytes. */
export function wordOf(number: bigint): Uint8Array {
  return hexToBytes(number.toString(16).padStart(2 * WORD, '0'));
}

/** The words of a stretch of bytes. */
export function wordsOf(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.floor(bytes.length / WORD) }, (_, i) => bytes.subarray(WORD * i, WORD * (i + 1)));
}

/** The scalar of 32 bytes, or undefined when they are not below the modulus. */
export function scalarOf(word: Uint8Array): bigint | undefined {
  return below(word, Fr.ORDER);
}

/** The point of 64 bytes, or undefined when a coordinate is not below the modulus or the point is off the curve. */
export function g1Of(bytes: Uint8Array): G1Point | undefined {
  const [x, y] = wordsOf(bytes).map((word) => below(word, Fp.ORDER));
  if (x === undefined || y === undefined) return undefined;
  if (x === 0n && y === 0n) return G1.ZERO;
  // The curve has prime order: a point on it is in the group.
  const onCurve = Fp.eql(Fp.sqr(y), Fp.add(Fp.mul(Fp.sqr(x), x), 3n));
  return onCurve ? G1.fromAffine({ x, y }) : undefined;
}

/** The point of 128 bytes, or undefined when it is not a point of the subgroup of order r other than infinity. */
export function g2Of(bytes: Uint8Array): G2Point | undefined {
  const [x0, x1, y0, y1] = wordsOf(bytes).map((word) => below(word, Fp.ORDER));
  if (x0 === undefined || x1 === undefined || y0 === undefined || y1 === undefined) return undefined;
  const [x, y] = [Fp2.fromBigTuple([x0, x1]), Fp2.fromBigTuple([y0, y1])];
  // Infinity, or a point that is its own negative: the subgroup's order is odd.
  if (Fp2.is0(y)) return undefined;
  try {
    const point = G2.fromAffine({ x, y });
    // On the curve and in the subgroup.
    point.assertValidity();
    return point;
  } catch {
    return undefined;
  }
}

function below(word: Uint8Array, modulus: bigint): bigint | undefined {
  const number = numberOf(word);
  return number < modulus ? number : undefined;
}

/**
 * The bytes of a hexadecimal text, with or without `0x`.
 *
 * @throws {VerifyError} `Hexadecimal`, naming the field, when it is not hexadecimal or has another length.
 */
export function bytesOfHex(field: string, text: string, length?: number): Uint8Array {
  const digits = text.startsWith('0x') ? text.slice(2) : text;
  const wellFormed = /^(?:[0-9a-fA-F]{2})*$/.test(digits);
  if (!wellFormed || (length !== undefined && digits.length !== 2 * length)) {
    throw new VerifyError('Hexadecimal', `proof file: ${field} is not ${length ?? 'whole'} bytes of hexadecimal`);
  }
  return hexToBytes(digits);
}

/** Whether two stretches of bytes are equal. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
