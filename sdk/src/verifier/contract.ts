/**
 * A key's contract, as `verifier/solidity/src/key.rs` writes it: what stands on a chain for a key's file. Its code is a STOP byte and words: a header, with the number of public values and
 * `[s]_2` of the SRS in it, the roots of unity that the verifier
 * needs, and the commitments in the order of the opening.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';

import { lastRotation } from './constraints.js';
import { Domain } from './domain.js';
import { Fr, type G1Point, WORD, wordOf } from './encoding.js';
import { inconsistent } from './error.js';
import { type VerifyingKey, digestOfSrs } from './key.js';

/**
 * Names what a verifier contract depends on: SHA-256 of a tag, which holds the opening, and the constraint system, as the key's file has it. Keys of one shape share a verifier, whatever
 * their rows, public values and SRS.
 */
export function shapeOf({ width, encodedConstraints }: VerifyingKey): Uint8Array {
  const tag = width === undefined ? 'assay evm shape 2, shplonk' : `assay evm shape 2, grouped ${width} `;
  return sha256(concatBytes(utf8ToBytes(tag), encodedConstraints));
}

/** The deployed code of the key's contract: whoever holds a key compares it with the code at the address that its model is registered with. */
export function keyCode(key: VerifyingKey): Uint8Array {
  const domain = new Domain(key.k);
  const opening = key.width === undefined ? 'shplonk' : 'grouped';
  const header = [
    utf8ToBytes(`assay verifying key 2, ${opening}  `), shapeOf(key), wordOf(BigInt(key.k)), wordOf(Fr.inv(domain.rows)), wordOf(key.representative),
    wordOf(BigInt(key.instances)), swapped(key.point),
  ];
  const roots = rotations(key).map((rotation) => wordOf(domain.rotate(1n, rotation)));
  const commitments = key.opening.onChain.flatMap((polynomial) => {
    const at = key.opening.ofKey.indexOf(polynomial);
    const commitment = key.commitments[at];
    if (!commitment) throw inconsistent('a commitment of the opening is not in the key', at);
    return wordsOfPoint(commitment);
  });
  return concatBytes(Uint8Array.of(0), ...header, ...roots, ...commitments);
}

/** Digest of the SRS that a key's contract names, by its deployed code; `undefined` for code that is too short to be a key of this version. */
export function srsDigestOf(code: Uint8Array): Uint8Array | undefined {
  // A STOP byte and six words are before it.
  const point = code.subarray(1 + 6 * WORD, 1 + 10 * WORD);
  return point.length === 4 * WORD ? digestOfSrs(swapped(point)) : undefined;
}

/** A point of the second group as the pairing's precompile takes it, imaginary parts first, from one with real parts first; and back. */
function swapped(point: Uint8Array): Uint8Array {
  const [x, xImaginary, y, yImaginary] = [0, 1, 2, 3].map((at) => point.subarray(at * WORD, (at + 1) * WORD)) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  return concatBytes(xImaginary, x, yImaginary, y);
}

/** Rows below the current one whose roots of unity the verifier needs beside 1, ascending: of the openings, the last usable row, and where each query of public values starts. */
function rotations({ constraints }: VerifyingKey): number[] {
  const opened = [...constraints.adviceQueries, ...constraints.fixedQueries].map(({ rotation }) => rotation);
  const starts = constraints.instanceQueries.map(({ rotation }) => -rotation);
  const all = new Set([...opened, lastRotation(constraints), 1, ...starts]);
  return [...all].filter((rotation) => rotation !== 0).sort((a, b) => a - b);
}

function wordsOfPoint(point: G1Point): Uint8Array[] {
  if (point.is0()) return [new Uint8Array(2 * WORD)];
  const { x, y } = point.toAffine();
  return [wordOf(x), wordOf(y)];
}
