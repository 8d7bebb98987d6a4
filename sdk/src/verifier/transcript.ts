/**
 * The one Fiat-Shamir transcript: Keccak-256 over 32-byte big-endian words. A challenge is `keccak256(absorbed)` modulo the
 * scalar field; the full hash then stands in place of what was absorbed. A challenge that follows another directly absorbs
 * one byte `0x01` first, so that the two differ.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes } from '@noble/hashes/utils.js';

import { Fr, WORD, numberOf } from './encoding.js';

export class Transcript {
  private absorbed: Uint8Array[] = [];

  /** Absorbs canonical words: one of a scalar, two of a point. */
  absorb(words: Uint8Array): void {
    this.absorbed.push(words);
  }

  /** The next challenge. */
  challenge(): bigint {
    const absorbed = concatBytes(...this.absorbed);
    // 32 bytes are the hash of the last challenge alone, or the first word alone.
    const hash = keccak_256(absorbed.length === WORD ? concatBytes(absorbed, Uint8Array.of(1)) : absorbed);
    this.absorbed = [hash];
    return Fr.create(numberOf(hash));
  }
}
