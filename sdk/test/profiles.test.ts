/** A proof in every profile, with both openings: `prover/engine/examples/verifier_vectors` makes them and the native verifier accepts them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { bytesToHex } from '@noble/hashes/utils.js';

import { CLASSES } from '../src/market/code.js';
import { readKey, readProof, shapeOf, verify } from '../src/verifier/index.js';

interface Vector {
  profile: string;
  key: string;
  proof: object;
}

const vectors = JSON.parse(readFileSync(new URL('../../test/vectors/profiles.json', import.meta.url), 'utf8')) as Vector[];

test('there are eight profiles with two openings, and this package knows the verifier of each', () => {
  assert.equal(new Set(vectors.map(({ profile }) => profile)).size, 16);
  const classes = vectors.map(({ key }) => CLASSES[bytesToHex(shapeOf(readKey(Buffer.from(key, 'hex'))))]);
  assert.equal(new Set(classes).size, 16);
  assert.ok(!classes.includes(undefined));
});

for (const { profile, key: hex, proof } of vectors) {
  test(`${profile}: the proof is valid, of these public words and no others`, () => {
    const key = readKey(Buffer.from(hex, 'hex'));
    const file = readProof(JSON.stringify(proof));
    verify(key, file);
    for (const at of file.instances.keys()) {
      const instances = file.instances.map((word, i) => (i === at ? word ^ 1n : word));
      assert.throws(() => verify(key, { ...file, instances }), /./, `word ${at}`);
    }
  });
}
