/**
 * A key's contract, as `verifier/solidity/src/key.rs` writes it: what stands on a chain for a key's file. Its code is a STOP byte and words: a header, the roots of unity that the verifier
 * needs, and the commitments in the order of the opening.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';

import { lastRotation } from './constraints.js';
import { Domain } from './domain.js';
import { Fr, type G1Point, WORD, wordOf } from './encoding.js';
import { inconsistent } from './error.js';
import type { VerifyingKey } from './key.js';

/**
 * Names what a verifier contract depends on: SHA-256 of a tag, the number of public values, `[s]_2` and the constraint system, all as the key's file has them. Keys of one shape share a
 * verifier.
 */
export function shapeOf({ instances, width, point, encodedConstraints }: VerifyingKey): Uint8Array {
  const tag = width === undefined ? 'assay evm shape 1, shplonk' : `assay evm shape 1, grouped ${width} `;
  return sha256(concatBytes(utf8ToBytes(tag), wordOf(BigInt(instances)).subarray(WORD - 8), point, encodedConstraints));
}

/** The deployed code of the key's contract: whoever holds a key compares it with the code at the address that its model is registered with. */
export function keyCode(key: VerifyingKey): Uint8Array {
  const domain = new Domain(key.k);
  const opening = key.width === undefined ? 'shplonk' : 'grouped';
  const header = [
    utf8ToBytes(`assay verifying key 1, ${opening}  `), shapeOf(key), wordOf(BigInt(key.k)), wordOf(Fr.inv(domain.rows)), wordOf(key.representative),
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
