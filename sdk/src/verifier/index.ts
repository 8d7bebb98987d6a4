/** The verifier of proofs, for browsers and Node: BN254, Keccak and nothing of a chain. */
import { bytesToHex } from '@noble/hashes/utils.js';

import { equal } from './encoding.js';
import { VerifyError } from './error.js';
import { readKey } from './key.js';
import { type ProofFile, readProof } from './proof.js';
import { verify } from './verify.js';

export { VerifyError, type ErrorKind } from './error.js';
export { type VerifyingKey, readKey } from './key.js';
export { type ProofFile, instancesOf, readProof } from './proof.js';
export { type Claim, verify } from './verify.js';

/** What the files of a key and a proof say together. */
export interface Checked extends ProofFile {
  /** True when the key's SRS is insecure, so that anybody could have forged the proof. */
  insecure: boolean;
}

/**
 * Checks the text of a proof file against the bytes of a key file, as `assay verify` does.
 *
 * @returns What was proved.
 * @throws {VerifyError} when it was not, or when a file is wrong: see `rejectsProof`.
 */
export function verifyFiles(key: Uint8Array, proof: string): Checked {
  const readableKey = readKey(key);
  const file = readProof(proof);
  if (!equal(file.graphDigest, readableKey.graphDigest)) {
    const [got, expected] = [bytesToHex(file.graphDigest), bytesToHex(readableKey.graphDigest)];
    throw new VerifyError(
      'ForeignGraph',
      `the proof is of graph ${got}, the key of graph ${expected}: name the key of the model that the proof was made for`,
    );
  }
  verify(readableKey, file);
  return { ...file, insecure: readableKey.insecure };
}
