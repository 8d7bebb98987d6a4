/** The check of a proof, phase by phase; the native verifier's have the same names. */
import { bytesToHex } from '@noble/hashes/utils.js';
import { bn254 } from '@noble/curves/bn254.js';
import { pippenger } from '@noble/curves/abstract/curve.js';

import { Conversation } from './conversation.js';
import { Domain, inverse } from './domain.js';
import { Fr, G1, type G1Point, G2, equal } from './encoding.js';
import { VerifyError, unlucky } from './error.js';
import { copies, gates, insertPublicValues } from './identities.js';
import type { VerifyingKey } from './key.js';
import { checkInstance } from './proof.js';
import { OPENING_LAST, QUOTIENT } from './protocol.js';

/** A proof with the digest of the key it was made for, and its public values. */
export interface Claim {
  keyDigest: Uint8Array;
  /** Packed input words, packed output words, context. */
  instances: readonly bigint[];
  proof: Uint8Array;
}

/**
 * Checks that a proof shows the key's circuit satisfied by its public values.
 *
 * The commitments of the columns are read before the challenges that judge them. At the challenge `x`, the gates and the permutation
 * argument, folded by `y`, must equal `h(x) (x^n - 1)`; that value of `h` and the values that the proof claims are then opened all
 * at once. Soundness is that of PLONK (ePrint 2019/953) with the key's opening, in the algebraic group model, for whoever does not know
 * the secret of the key's SRS.
 *
 * @throws {VerifyError} whose `rejectsProof` tells a wrong proof from a wrong request.
 */
export function verify(key: VerifyingKey, claim: Claim): void {
  checkRequest(key, claim);
  const { constraints, opening } = key;
  const domain = new Domain(key.k);
  const said = Conversation.read(key.k, opening.steps, key.representative, claim.instances, claim.proof);

  const x = said.challenge('X');
  const divisor = inverse(domain.vanishing(x));
  if (divisor === undefined) throw unlucky('X');
  insertPublicValues(constraints, domain, claim.instances, said);
  const identities = [...gates(constraints, said), ...copies(constraints, domain, said)];
  const y = said.challenge('Y');
  const folded = identities.reduce((sum, value) => Fr.add(Fr.mul(sum, y), value), 0n);
  said.insert(QUOTIENT, 0, Fr.mul(folded, divisor));

  opening.ofKey.forEach((polynomial, index) => said.commit(polynomial, key.commitments[index] as G1Point));
  const { terms, constant } = opening.fold(said, domain);
  const points = [...terms.map(({ polynomial }) => said.commitment(polynomial)), G1.BASE];
  const scales = [...terms.map(({ scale }) => scale), Fr.neg(constant)];
  if (!pairingHolds(key, said.commitment(OPENING_LAST), sum(points, scales))) {
    const message = 'the proof is invalid: it does not show that these outputs follow from these inputs';
    throw new VerifyError('Invalid', message);
  }
}

/** The public values are field elements and as many as they must be, and the proof is of this key. */
function checkRequest(key: VerifyingKey, { keyDigest, instances }: Claim): void {
  instances.forEach(checkInstance);
  if (!equal(keyDigest, key.digest)) {
    const [got, expected] = [bytesToHex(keyDigest), bytesToHex(key.digest)];
    const next = 'verify it with the key it was made for';
    throw new VerifyError('ForeignKey', `the proof belongs to the verifying key ${got}, but this key is ${expected}; ${next}`);
  }
  if (instances.length !== key.instances) {
    throw new VerifyError('InstanceCount', `expected ${key.instances} instances, got ${instances.length}`);
  }
}

/** A sum of multiples. A key may hold the point at infinity, of a column of zeros. */
function sum(points: readonly G1Point[], scales: readonly bigint[]): G1Point {
  const used = points.flatMap((point, i) => (point.is0() ? [] : [{ point, scale: scales[i] as bigint }]));
  return pippenger(G1, used.map(({ point }) => point), used.map(({ scale }) => scale));
}

/** Whether `e(left, [s]_2) = e(right, [1]_2)`; `left` is not at infinity. */
function pairingHolds({ s }: VerifyingKey, left: G1Point, right: G1Point): boolean {
  if (right.is0()) return false;
  const product = bn254.pairingBatch([{ g1: left, g2: s }, { g1: right.negate(), g2: G2.BASE }]);
  return bn254.fields.Fp12.eql(product, bn254.fields.Fp12.ONE);
}
