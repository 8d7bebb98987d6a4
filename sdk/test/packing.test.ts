/** Packing is the models crate's: 31 bytes a word, the first element most significant. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type Tensor, pack, unpack } from '../src/packing.js';

test('the first element present is the most significant byte', () => {
  const values = Array.from({ length: 33 }, (_, i) => i + 1);
  const [first, last] = pack(values, { type: 'u8', size: 33 });
  assert.equal(first?.toString(16).padStart(62, '0'), Buffer.from(values.slice(0, 31)).toString('hex'));
  assert.equal(last, 32n * 256n + 33n);
});

test('signed elements are shifted by 128', () => {
  assert.deepEqual(pack([-128, 0, 127], { type: 'i8', size: 3 }), [0x0080ffn]);
});

test('unpacking gives back what was packed', () => {
  for (const size of [1, 30, 31, 32, 62, 784]) {
    for (const type of ['u8', 'i8'] as const) {
      const tensor: Tensor = { type, size };
      const values = Array.from({ length: size }, (_, i) => ((i * 37) % 256) - (type === 'i8' ? 128 : 0));
      assert.deepEqual(unpack(pack(values, tensor), tensor), values);
    }
  }
});

test('values that are no bytes, and wrong counts, are refused by name', () => {
  const cases: [number[], Tensor, RegExp][] = [
    [[0, 256], { type: 'u8', size: 2 }, /element 1, got 256/],
    [[0, -1], { type: 'u8', size: 2 }, /element 1, got -1/],
    [[0, 128], { type: 'i8', size: 2 }, /element 1, got 128/],
    [[0.5], { type: 'u8', size: 1 }, /element 0, got 0.5/],
    [[Number.NaN], { type: 'u8', size: 1 }, /element 0, got NaN/],
    [[1], { type: 'u8', size: 2 }, /expected 2 values of u8, got 1/],
  ];
  for (const [values, tensor, message] of cases) assert.throws(() => pack(values, tensor), message);
  assert.throws(() => unpack([1n, 2n], { type: 'u8', size: 31 }), /expected 1 words/);
  assert.throws(() => unpack([1n << 16n], { type: 'u8', size: 2 }), /word 0 holds more than 2 elements/);
});
