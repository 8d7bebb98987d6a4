/** A verdict says what it rests on: which key, whose SRS, which answer; what the user knows from elsewhere is compared. */
import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

import { Fr, G2 } from '../src/verifier/encoding.js';
import { modelFromJson } from '../src/model.js';
import { type Expected, VerifyError, inWords, proofToJson, publishedBy, readProof, verifyFiles } from '../src/verifier/index.js';
import { standing } from '../src/verifier/verdict.js';
import { underSecret } from './ceremony.js';
import { SEVERAL } from './owner.js';

const vectors = new URL('../../test/vectors/', import.meta.url);
const keyFile = Uint8Array.from(readFileSync(new URL('lenet.vk', vectors)));
const proof = readFileSync(new URL('lenet.proof.json', vectors), 'utf8');
const digit = [...readFileSync(new URL('../../../models/zoo/digits.u8', import.meta.url)).subarray(0, 784)];
const model = { inputs: [{ type: 'u8', size: 784 }], outputs: [{ type: 'i8', size: 10 }] } as const;
const CONTEXT = 4_711n;

const check = (expected?: Expected) => verifyFiles(keyFile, proof, expected);

/** The digest of the SRS whose secret is the first number that ChaCha20 draws from a seed, as `prover/engine/src/srs.rs` makes it. */
function srsOf(seed: Uint8Array): Uint8Array {
  const drawn = createCipheriv('chacha20', seed, new Uint8Array(16)).update(new Uint8Array(64));
  const secret = BigInt(`0x${Buffer.from(drawn).reverse().toString('hex')}`) % Fr.ORDER;
  const { x, y } = G2.BASE.multiply(secret).toAffine();
  const words = [x.c0, x.c1, y.c0, y.c1].map((number) => number.toString(16).padStart(64, '0')).join('');
  return sha256(Uint8Array.from([...new TextEncoder().encode('assay srs 1'), ...hexToBytes(words)]));
}

test('a verdict names key, graph, SRS, context and answer', () => {
  const verdict = check({ model });
  assert.deepEqual(verdict.keyDigest, sha256(keyFile));
  assert.deepEqual(verdict.input, digit);
  assert.equal(verdict.output?.length, 10);
  assert.equal(verdict.output?.indexOf(Math.max(...(verdict.output ?? []))), 6);
  assert.equal(verdict.context, CONTEXT);
  assert.deepEqual([verdict.keyExpected, verdict.ceremony], [false, undefined]);
  assert.deepEqual([verdict.inputs, verdict.outputs], [[verdict.input], [verdict.output]]);
  const { input, output, inputs, outputs, context } = check();
  assert.deepEqual({ input, output, inputs, outputs, context }, { input: undefined, output: undefined, inputs: undefined, outputs: undefined, context: CONTEXT });
});

test('the published secrets are told by the point of the SRS, not by what a file says of itself', () => {
  const seeds = ['assay: insecure, for trials only', '\0'.repeat(32)].map((text) => new TextEncoder().encode(text));
  const origins = ['assay srs generate --insecure', 'halo2-lib\'s gen_srs'];
  assert.deepEqual(seeds.map((seed) => publishedBy({ srsDigest: srsOf(seed) })), origins);
  const other = srsOf(Uint8Array.from({ length: 32 }, (_, i) => i));
  assert.equal(publishedBy({ srsDigest: other }), undefined);

  const { insecure, published, srsDigest } = check();
  assert.deepEqual({ insecure, published, srsDigest }, { insecure: true, published: origins[0], srsDigest: srsOf(seeds[0] as Uint8Array) });
});

test('a ceremony is known by a digest that the user named, and by nothing else', () => {
  const mine = srsOf(new Uint8Array(32).fill(7));
  const named = { one: bytesToHex(srsOf(new Uint8Array(32).fill(8))), mine: `0x${bytesToHex(mine).toUpperCase()}` };
  assert.equal(standing(mine, named).ceremony, 'mine');
  assert.equal(standing(mine, { one: named.one }).ceremony, undefined);
  assert.equal(standing(mine).ceremony, undefined);
  assert.equal(standing(mine, named).insecure, false);
  assert.throws(() => standing(mine, { short: 'abc' }), /the digest of ceremony short is not 32 bytes of hexadecimal: abc/);
  // Who trusts a published secret is told all the same.
  const trusting = check({ ceremonies: { trusted: bytesToHex(check().srsDigest) } });
  assert.deepEqual([trusting.insecure, trusting.ceremony], [true, undefined]);
});

test('whoever knows the secret of an SRS makes a valid proof: without a named ceremony the words say so', () => {
  const forged = underSecret(123_456_789n);
  const [unnamed] = [verifyFiles(forged.key, forged.proof)];
  assert.deepEqual([unnamed.insecure, unnamed.ceremony], [false, undefined]);
  assert.match(inWords(unnamed)[1] ?? '', /whoever made that SRS may be able to forge proofs/);
  const named = verifyFiles(forged.key, forged.proof, { ceremonies: { ours: bytesToHex(unnamed.srsDigest) }, keyDigest: bytesToHex(unnamed.keyDigest) });
  assert.deepEqual([named.keyExpected, named.ceremony], [true, 'ours']);
});

test('a proof file is written as the command line writes it', () => {
  assert.equal(proofToJson(readProof(proof)), proof);
});

test('what was expected is compared, and told with what was found', () => {
  const { output = [], keyDigest } = check({ model });
  const all = { model, keyDigest: `0x${bytesToHex(keyDigest)}`, input: digit, output, context: CONTEXT };
  assert.equal(check(all).keyExpected, true);
  const changed = (values: readonly number[], at: number) => values.map((value, i) => (i === at ? value ^ 1 : value));
  const other = '00'.repeat(32);
  for (const [expected, words] of [
    [{ ...all, keyDigest: other }, new RegExp(`^the key is ${bytesToHex(keyDigest)}, expected ${other}: take the key of the model that you mean$`)],
    [{ ...all, context: 5n }, /^the context is 0x0+1267, expected 0x0+5: the proof is bound to another request or payee$/],
    [{ ...all, input: changed(digit, 40) }, new RegExp(`^the proof is of another input: expected ${(digit[40] as number) ^ 1} at element 40, got ${digit[40]}$`)],
    [{ ...all, output: changed(output, 9) }, new RegExp(`^the proof is of another output: expected ${(output[9] as number) ^ 1} at element 9, got ${output[9]}$`)],
    [{ model: { ...model, inputs: [{ type: 'u8', size: 700 }] } }, /^the proof has 28 public values, expected 25 for 700 u8 in and 10 i8 out and a context; give the model's sizes$/],
    [{ model: { ...model, outputs: [{ type: 'i8', size: 9 }] } }, /^the public values are not those of the model's tensors: word 0 holds more than 9 elements; give the model's sizes$/],
  ] as [Expected, RegExp][]) {
    assert.throws(() => check(expected), (error) => {
      assert.ok(error instanceof VerifyError, String(error));
      assert.match(error.message, words);
      assert.equal(error.rejectsProof, false);
      // A valid proof of something else is a no; another key or other sizes judge nothing.
      const kind = /^the key is/.test(error.message) ? 'Unexpected' : /^the (context is|proof is of another)/.test(error.message) ? 'Differs' : 'Sizes';
      assert.deepEqual([error.kind, error.saysNo], [kind, kind === 'Differs']);
      return true;
    });
  }
  for (const told of [{ input: digit }, { inputs: [digit] }, { outputs: [output] }]) assert.throws(() => check(told), /needs the model's tensors/);
  assert.throws(() => check({ model, input: digit, inputs: [digit] }), /give the expected `input` or `inputs`, one of the two/);
  assert.throws(() => check({ model, inputs: [digit, digit] }), /expected 1 list of values, for 784 u8, got 2/);
  assert.throws(() => check({ model, input: digit.slice(1) }), /expected 784 values of u8, got 783/);
  assert.throws(() => check({ keyDigest: 'nonsense' }), /the expected key digest is not 32 bytes of hexadecimal: nonsense/);
});

test('of several inputs and outputs each is told and compared, in the order of the model and by its name', () => {
  const several = modelFromJson(JSON.stringify(SEVERAL));
  const [upper, middle, lower] = [digit.slice(0, 310), digit.slice(310, 620), digit.slice(620)];
  const verdict = check({ model: several });
  const { output: logits = [] } = check({ model });
  assert.deepEqual([verdict.inputs, verdict.outputs], [[upper, middle], [lower, logits]]);
  assert.deepEqual([verdict.input, verdict.output], [upper, lower]);
  assert.equal(check({ model: several, inputs: [upper, middle], outputs: [lower, logits] }).context, CONTEXT);
  const no = (expected: Expected, words: RegExp) =>
    assert.throws(() => check({ model: several, ...expected }), (error) => {
      assert.ok(error instanceof VerifyError, String(error));
      assert.match(error.message, words);
      return error.kind === 'Differs' && error.saysNo;
    });
  const first = upper.findIndex((value, i) => value !== middle[i]);
  // Of one type and size, inputs in another order are another question.
  no({ inputs: [middle, upper] }, new RegExp(`^the proof is of another input "upper": expected ${middle[first]} at element ${first}, got ${upper[first]}$`));
  no({ inputs: [upper, upper] }, /^the proof is of another input "middle": expected \d+ at element \d+, got \d+$/);
  no({ outputs: [lower, logits.with(9, (logits[9] as number) ^ 1)] }, /^the proof is of another output "logits": expected -?\d+ at element 9, got -?\d+$/);
  const refused = (expected: Expected, words: RegExp) => assert.throws(() => check({ model: several, ...expected }), words);
  refused({ outputs: [logits, lower] }, /^RangeError: "lower": expected 164 values of u8, got 10$/);
  refused({ inputs: [upper] }, /^RangeError: expected 2 lists of values, for \["upper" 310 u8, "middle" 310 u8\], got 1$/);
  refused({ input: upper }, /^RangeError: expected 2 lists of values, for .*, got 1$/);
  // One word fewer, and words of other tensors.
  refused({ model: { ...several, inputs: [{ type: 'u8', size: 310 }, { type: 'u8', size: 279 }] } }, /^VerifyError: the proof has 28 public values, expected 27 for \[number 0 310 u8, number 1 279 u8\] in and \["lower" 164 u8, "logits" 10 i8\] out and a context; give the model's sizes$/);
  refused({ model: { ...several, outputs: several.outputs.toReversed() } }, /^VerifyError: the public values are not those of the model's tensors: "logits": word 0 holds more than 10 elements; give the model's sizes$/);
});

test('a key that was not named is not taken for the model\'s: the words say so', () => {
  const [key, srs] = inWords(check());
  assert.match(key ?? '', /You named no key: compare this digest/);
  assert.match(srs ?? '', /is published \(assay srs generate --insecure\): anybody could have made this proof/);
  const verdict = { ...check({ keyDigest: bytesToHex(sha256(keyFile)) }), published: undefined, insecure: false };
  const [named, unnamed] = inWords(verdict);
  assert.match(named ?? '', /^The proof was checked against the key that you named, [0-9a-f]{64}\.$/);
  assert.match(unnamed ?? '', /^You named no ceremony with the digest of the key's SRS, [0-9a-f]{64}: whoever made that SRS may be able to forge proofs\.$/);
  assert.match(inWords({ ...verdict, ceremony: 'perpetual' })[1] ?? '', /^The key's SRS is of the ceremony that you named perpetual\.$/);
});
