/**
 * The native verifier's verdicts on a proof, its key, and mutants of them, word for word. `prover/engine/examples/verifier_vectors` makes the vectors.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { VerifyError, instancesOf, readKey, readProof, verify, verifyFiles } from '../src/verifier/index.js';

type Mutant = [of: 'key' | 'file' | 'proof' | 'instances', at: number, removed: number, inserted: string, verdict: string];

const vectors = new URL('../../test/vectors/', import.meta.url);
const load = (name: string): Uint8Array => Uint8Array.from(readFileSync(new URL(name, vectors)));

function splice(bytes: Uint8Array, at: number, removed: number, inserted: string): Uint8Array {
  return Uint8Array.from(Buffer.concat([bytes.subarray(0, at), Buffer.from(inserted, 'hex'), bytes.subarray(at + removed)]));
}

/** The error's words; of errors that quote a decoder, whose words are its own, only the kind. */
function verdictOf(check: () => void): string {
  try {
    check();
    return 'valid';
  } catch (error) {
    if (!(error instanceof VerifyError)) throw error;
    return ['Magic', 'Encoding', 'Json'].includes(error.kind) ? error.kind : error.message;
  }
}

/** Holds this verifier to the native one's verdicts on the vectors of a name. */
export function agrees(name: string): void {
  const keyFile = load(`${name}.vk`);
  const proofText = Buffer.from(load(`${name}.proof.json`)).toString();
  const mutants = JSON.parse(Buffer.from(load(`${name}.mutants.json`)).toString()) as Mutant[];
  const key = readKey(keyFile);
  const file = readProof(proofText);
  const words = Uint8Array.from(Buffer.concat(file.instances.map((value) => Buffer.from(value.toString(16).padStart(64, '0'), 'hex'))));

  const judge = ([of, at, removed, inserted]: Mutant): string => {
    const changed = (bytes: Uint8Array) => splice(bytes, at, removed, inserted);
    switch (of) {
      case 'key':
        return verdictOf(() => {
          const other = readKey(changed(keyFile));
          verify(other, { ...file, keyDigest: other.digest });
        });
      case 'file':
        return verdictOf(() => verify(key, readProof(Buffer.from(changed(Buffer.from(proofText))).toString())));
      case 'proof':
        return verdictOf(() => verify(key, { ...file, proof: changed(file.proof) }));
      case 'instances':
        return verdictOf(() => verify(key, { ...file, instances: instancesOf(changed(words)) }));
    }
  };

  test(`${name}: the proof is valid`, () => {
    const checked = verifyFiles(keyFile, proofText);
    assert.equal(checked.insecure, true);
    assert.equal(checked.instances.length, key.instances);
  });

  test(`${name}: every mutant has the native verdict`, (t) => {
    const kinds = new Map<string, number>();
    for (const mutant of mutants) {
      const [of, at, removed, inserted, expected] = mutant;
      const got = judge(mutant);
      assert.equal(got, expected, `${of} at ${at}: ${removed} bytes replaced by ${inserted}`);
      kinds.set(of, (kinds.get(of) ?? 0) + 1);
    }
    assert.ok(mutants.length >= 500, `expected 500 mutants or more, got ${mutants.length}`);
    t.diagnostic(`${mutants.length} mutants agree: ${[...kinds].map(([of, count]) => `${of} ${count}`).join(', ')}`);
  });
}
