/** model.json and the numbers it gives a meaning to. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { type RealTensor, clampedInWords, dequantise, labelOf, modelFromJson, quantise } from '@assay/sdk';

import { MODEL, SEVERAL } from './owner.js';

interface Vector {
  type: 'u8' | 'i8';
  scale: number;
  zero_point: number;
  values: number[];
  integers: number[];
  real: number[];
  clamped: string | null;
}

test('real numbers become the integers that the native client makes of them, and back', () => {
  const vectors = JSON.parse(readFileSync(new URL('../../test/vectors/quantise.json', import.meta.url), 'utf8')) as Vector[];
  assert.equal(vectors.length, 7);
  for (const { type, scale, zero_point: zeroPoint, values, integers, real, clamped } of vectors) {
    const tensor: RealTensor = { type, size: values.length, shape: [1, values.length], scale, zeroPoint };
    const got = quantise(values, tensor);
    assert.deepEqual(got.values, integers, `${type} of scale ${scale}, zero point ${zeroPoint}`);
    assert.deepEqual(dequantise(integers, tensor).map((value) => value + 0), real.map((value) => value + 0));
    assert.ok(clamped && got.clamped);
    assert.equal(got.clamped.count, Number(/^\d+/.exec(clamped)?.[0]));
    assert.match(clampedInWords(got.clamped), /^\d+ of the 130 input values were clamped to what the model's input can hold, \S+ to \S+: check that they are scaled as in training$/);
  }
});

test('halves go to the even neighbour, and the division is one of 32-bit floats', () => {
  const tensor: RealTensor = { type: 'i8', size: 6, shape: [6], scale: 1, zeroPoint: 0 };
  assert.deepEqual(quantise([0.5, 1.5, 2.5, -0.5, -1.5, -2.5], tensor), { values: [0, 2, 2, 0, -2, -2], clamped: undefined });
  // In 64 bits the quotient lies below the half, in 32 bits on it.
  assert.deepEqual(quantise([1.499_999_999_9], { ...tensor, size: 1 }).values, [2]);
  assert.throws(() => quantise([1, 2], tensor), /expected 6 real numbers for shape 6, got 2/);
  for (const bad of [NaN, Infinity, -Infinity, '1' as unknown as number, undefined as unknown as number]) {
    assert.throws(() => quantise([0, 0, bad, 0, 0, 0], tensor), /expected a finite number at element 2, got/);
  }
});

test('what is clamped by one step at most is not warned of: a pixel of exactly 1 where the step is 1/256', () => {
  const tensor: RealTensor = { type: 'u8', size: 2, shape: [2], scale: 1 / 256, zeroPoint: 0 };
  assert.deepEqual(quantise([1, -1 / 256], tensor), { values: [255, 0], clamped: undefined });
  for (const [beyond, value] of [[257 / 256, 255], [-2 / 256, 0]] as const) {
    assert.deepEqual(quantise([beyond, 1], tensor), { values: [value, 255], clamped: { count: 1, total: 2, low: 0, high: 255 / 256 } });
  }
});

test('of several outputs the largest is the label, of equal ones the first; one output chooses nothing', () => {
  assert.deepEqual(labelOf([-3, 7, 7, 1]), { index: 1, name: undefined });
  assert.deepEqual(labelOf([-3, -7], ['cat', 'dog']), { index: 0, name: 'cat' });
  assert.equal(labelOf([5], ['price']), undefined);
});

test('model.json is read whole', () => {
  const model = modelFromJson(JSON.stringify(MODEL));
  assert.deepEqual([model.name, model.chain, model.id, model.insecure, model.opening], ['lenet', 31_337, MODEL.model_id, true, 'shplonk']);
  assert.deepEqual(model.inputs, [{ name: 'image', type: 'u8', size: 784, shape: [1, 1, 28, 28], scale: 0.003_921_568_859_368_563, zeroPoint: 0 }]);
  assert.deepEqual(model.outputs, [{ name: 'logits', type: 'i8', size: 10, shape: [1, 10], scale: 0.1, zeroPoint: 3 }]);
  assert.equal(model.labels?.[6], 'six');
  assert.equal(modelFromJson(JSON.stringify({ ...MODEL, labels: null })).labels, undefined);
  // Files of earlier versions do not say whom the market's router was made for.
  const [owner, guardian] = [`0x${'7A'.repeat(20)}`, `0x${'8b'.repeat(20)}`];
  assert.deepEqual(modelFromJson(JSON.stringify({ ...MODEL, router: { owner, guardian } })).routerFor, { owner: owner.toLowerCase(), guardian });
  for (const file of [MODEL, { ...MODEL, router: null }]) assert.equal(modelFromJson(JSON.stringify(file)).routerFor, undefined);
});

test('several inputs and outputs keep their order and their names, and labels are of the first output', () => {
  const model = modelFromJson(JSON.stringify(SEVERAL));
  const told = (ports: typeof model.inputs) => ports.map(({ name, size, type }) => [name, size, type]);
  assert.deepEqual(told(model.inputs), [['upper', 310, 'u8'], ['middle', 310, 'u8']]);
  assert.deepEqual(told(model.outputs), [['lower', 164, 'u8'], ['logits', 10, 'i8']]);
  const labels = Array.from({ length: 164 }, (_, i) => `pixel ${i}`);
  assert.equal(modelFromJson(JSON.stringify({ ...SEVERAL, labels })).labels?.[163], 'pixel 163');
  const refused = (changed: object, words: RegExp) => assert.throws(() => modelFromJson(JSON.stringify({ ...SEVERAL, ...changed })), words);
  refused({ labels: MODEL.labels }, /expected labels to be null or a list of 164 texts, one for each value of the first output/);
  for (const end of ['inputs', 'outputs'] as const) {
    const [first, second] = SEVERAL[end];
    for (const none of [[], {}, 'image', first]) refused({ [end]: none }, new RegExp(`expected ${end} to be a list of one tensor or more, got`));
    refused({ [end]: [first, { ...second, scale: 0 }] }, new RegExp(`expected ${end}\\[1\\]\\.scale to be a positive number that a 32-bit float holds, got 0`));
    refused({ [end]: [first, { ...second, name: 7 }] }, new RegExp(`expected ${end}\\[1\\]\\.name to be a text, got 7`));
    refused({ [end]: [first, null] }, new RegExp(`expected ${end}\\[1\\] to be an object, got null`));
    const large = { ...first, shape: [31 * 2 ** 16], words: 2 ** 16 };
    refused({ [end]: [large, second] }, new RegExp(`expected ${end} to be of 65536 words at most, got 655\\d\\d`));
  }
});

test('every field of model.json is checked, and a wrong one is named', () => {
  const refused = (changed: object, words: RegExp) =>
    assert.throws(() => modelFromJson(JSON.stringify({ ...MODEL, ...changed })), (error: Error) => {
      assert.equal(error.name, 'ModelFileError');
      assert.match(error.message, words);
      assert.match(error.message, /^this is no model\.json of this version: .*; ask the model's owner for the file that `assay register` wrote$/s);
      return true;
    });
  for (const name of Object.keys(MODEL)) {
    const { [name as 'name']: _, ...rest } = MODEL;
    assert.throws(() => modelFromJson(JSON.stringify(rest)), new RegExp(`the file lacks the field ${name}`));
    if (name !== 'labels') refused({ [name]: null }, new RegExp(`expected ${name} to be .*, got null`));
  }
  refused({ format: 'assay-model-1' }, /expected format to be "assay-model-2", got "assay-model-1"/);
  refused({ extra: 1 }, /the file has the unknown field "extra"/);
  refused({ chain: 0 }, /expected chain to be an integer from 1/);
  refused({ chain: 1.5 }, /expected chain to be an integer/);
  refused({ market: `${MODEL.market}00` }, /expected market to be 0x and 40 digits of hexadecimal/);
  refused({ key_digest: MODEL.key_digest.slice(2) }, /expected key_digest to be 0x and 64 digits of hexadecimal/);
  refused({ insecure: 'false' }, /expected insecure to be true or false, got "false"/);
  refused({ opening: 'kzg' }, /expected opening to be "shplonk" or "evm", got "kzg"/);
  refused({ labels: ['one'] }, /expected labels to be null or a list of 10 texts, one for each value of the first output/);
  refused({ labels: MODEL.labels.map((_, i) => i) }, /expected labels\[0\] to be a text, got 0/);
  const [owner, guardian] = [MODEL.market, MODEL.market];
  refused({ router: MODEL.market }, /expected router to be an object/);
  refused({ router: { owner } }, /router lacks the field guardian/);
  refused({ router: { owner, guardian, admin: owner } }, /router has the unknown field "admin"/);
  refused({ router: { owner, guardian: '0x12' } }, /expected router\.guardian to be 0x and 40 digits of hexadecimal/);
  const [image] = MODEL.inputs as [(typeof MODEL.inputs)[number]];
  const input = (changed: object, words: RegExp) => refused({ inputs: [{ ...image, ...changed }] }, words);
  for (const name of Object.keys(image)) {
    const { [name as 'type']: _, ...rest } = image;
    refused({ inputs: [rest] }, new RegExp(`inputs\\[0\\] lacks the field ${name}`));
  }
  input({ unit: 'pixel' }, /inputs\[0\] has the unknown field "unit"/);
  input({ shape: [] }, /expected inputs\[0\]\.shape to be a list of 1 to 8 sizes/);
  input({ shape: [28, 0] }, /expected inputs\[0\]\.shape to be an integer from 1/);
  input({ shape: [1e6, 1e6] }, /expected inputs\[0\]\.shape to be of 2031616 values at most/);
  input({ type: 'f32' }, /expected inputs\[0\]\.type to be "u8" or "i8", got "f32"/);
  for (const scale of [0, -1, 1e-60, 1e60, '1', null]) input({ scale }, /expected inputs\[0\]\.scale to be a positive number that a 32-bit float holds/);
  input({ zero_point: -1 }, /expected inputs\[0\]\.zero_point to be an integer from 0 to 255, got -1/);
  input({ words: 25 }, /expected inputs\[0\]\.words to be 26, for 784 values, got 25/);
  for (const text of ['', '[]', 'null', '{', '"model"']) assert.throws(() => modelFromJson(text), { name: 'ModelFileError' });
  assert.throws(() => modelFromJson(' '.repeat(2 ** 21)), /2097152 characters, expected 1048576 at most/);
});
