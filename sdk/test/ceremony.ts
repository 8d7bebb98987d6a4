/**
 * A key and a proof of an SRS whose secret was never published, without a ceremony: whoever knows the secret of an SRS can make a valid proof of any public values. So this takes LeNet's
 * key, puts another secret's point in it, and computes the one point of the proof that makes the check hold. It is what a verdict's sentence on SRSs warns of.
 */
import { readFileSync } from 'node:fs';

import { hexToBytes } from '@noble/hashes/utils.js';

import { Conversation } from '../src/verifier/conversation.js';
import { Domain, inverse } from '../src/verifier/domain.js';
import { Fr, G1, type G1Point, G2, WORD, equal, wordOf } from '../src/verifier/encoding.js';
import { copies, gates, insertPublicValues } from '../src/verifier/identities.js';
import { proofToJson, readKey, readProof } from '../src/verifier/index.js';
import { OPENING_LAST, QUOTIENT } from '../src/verifier/protocol.js';

const vectors = new URL('../../test/vectors/', import.meta.url);

/** The texts of LeNet's key and proof under an SRS of this secret. */
export function underSecret(secret: bigint): { key: Uint8Array; proof: string } {
  const key = keyUnder(Uint8Array.from(readFileSync(new URL('lenet.vk', vectors))), secret);
  const { digest, k, constraints, opening, commitments, representative } = readKey(key);
  const file = readProof(readFileSync(new URL('lenet.proof.json', vectors), 'utf8'));

  // The verifier's steps, up to its last equation: `secret * last = rest + u * last`.
  const domain = new Domain(k);
  const said = Conversation.read(k, opening.steps, representative, file.instances, file.proof);
  const divisor = inverse(domain.vanishing(said.challenge('X'))) as bigint;
  insertPublicValues(constraints, domain, file.instances, said);
  const y = said.challenge('Y');
  const folded = [...gates(constraints, said), ...copies(constraints, domain, said)].reduce((sum, value) => Fr.add(Fr.mul(sum, y), value), 0n);
  said.insert(QUOTIENT, 0, Fr.mul(folded, divisor));
  opening.ofKey.forEach((polynomial, index) => said.commit(polynomial, commitments[index] as G1Point));
  const { terms, constant } = opening.fold(said, domain);
  const rest = terms
    .filter(({ polynomial, scale }) => polynomial !== OPENING_LAST && scale !== 0n && !said.commitment(polynomial).is0())
    .reduce((sum, { polynomial, scale }) => sum.add(said.commitment(polynomial).multiply(scale)), G1.BASE.multiply(Fr.neg(constant)));
  const u = terms.find(({ polynomial }) => polynomial === OPENING_LAST)?.scale as bigint;
  const { x: px, y: py } = rest.multiply(inverse(Fr.sub(secret, u)) as bigint).toAffine();
  const proof = Uint8Array.from(file.proof);
  proof.set([...wordOf(px), ...wordOf(py)], proof.length - 2 * WORD);
  return { key, proof: proofToJson({ ...file, keyDigest: digest, proof }) };
}

/** A key's file with another point of an SRS. */
function keyUnder(file: Uint8Array, secret: bigint): Uint8Array {
  const bytes = (point: typeof G2.BASE) => {
    const { x, y } = point.toAffine();
    return hexToBytes([x.c0, x.c1, y.c0, y.c1].map((number) => number.toString(16).padStart(64, '0')).join(''));
  };
  const own = bytes(readKey(file).s);
  const at = file.findIndex((_, i) => equal(file.subarray(i, i + own.length), own));
  const changed = Uint8Array.from(file);
  changed.set(bytes(G2.BASE.multiply(secret)), at);
  return changed;
}
