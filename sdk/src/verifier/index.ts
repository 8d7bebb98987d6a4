/** The verifier of proofs, for browsers and Node: BN254, Keccak and nothing of a chain. */
export { publishedBy } from './ceremony.js';
export { keyCode, shapeOf, srsDigestOf } from './contract.js';
export { VerifyError, type ErrorKind } from './error.js';
export { MAX_KEY_FILE, type VerifyingKey, readKey } from './key.js';
export { MAX_PROOF_FILE, type ProofFile, instancesOf, proofToJson, readProof } from './proof.js';
export { type Basis, type Expected, type Verdict, basisOf, inWords, verifyFiles } from './verdict.js';
export { type Claim, verify } from './verify.js';
