/** Public words are ordered as in the models crate: every input in turn, begun anew, then every output, then the context. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type Ends, countWords, joinWords, packTensors, splitWords, unpackTensors } from '@assay/sdk';

const TWO = {
  inputs: [{ name: 'left', type: 'u8', size: 40 }, { name: 'right', type: 'i8', size: 32 }],
  outputs: [{ name: 'sum', type: 'u8', size: 33 }, { name: 'half', type: 'u8', size: 2 }],
} as const satisfies Ends;
const ONE = { inputs: [{ type: 'u8', size: 3 }], outputs: [{ type: 'u8', size: 1 }] } as const satisfies Ends;
const LEFT = Array.from({ length: 40 }, (_, i) => i);
const RIGHT = Array.from({ length: 32 }, (_, i) => 1 - i);

test('each tensor begins a word of its own', () => {
  assert.deepEqual([countWords(TWO.inputs), countWords(TWO.outputs), countWords([])], [4, 3, 0]);
  const words = packTensors([LEFT, RIGHT], TWO.inputs);
  const bytes = (values: number[]) => BigInt(`0x${Buffer.from(values).toString('hex')}`);
  const shifted = RIGHT.map((value) => value + 128);
  assert.deepEqual(words, [bytes(LEFT.slice(0, 31)), bytes(LEFT.slice(31)), bytes(shifted.slice(0, 31)), bytes(shifted.slice(31))]);
  assert.deepEqual(unpackTensors(words, TWO.inputs), [LEFT, RIGHT]);
});

test('inputs come first, then outputs, then the context', () => {
  const statement = splitWords([1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n], TWO);
  assert.deepEqual(statement, { inputs: [1n, 2n, 3n, 4n], outputs: [5n, 6n, 7n], context: 8n });
  assert.deepEqual(joinWords(statement), [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n]);
  assert.deepEqual(splitWords([1n, 2n, 3n], ONE), { inputs: [1n], outputs: [2n], context: 3n });
});

test('what is not as long as the tensors is refused, with what was expected of which', () => {
  const sizes = /for \["left" 40 u8, "right" 32 i8\] in and \["sum" 33 u8, "half" 2 u8\] out and a context$/;
  for (const count of [0, 7, 9]) {
    assert.throws(() => splitWords(Array<bigint>(count).fill(0n), TWO), (error: Error) => {
      assert.match(error.message, sizes);
      assert.match(error.message, new RegExp(`^the proof has ${count} public values, expected 8 `));
      return error instanceof RangeError;
    });
  }
  assert.throws(() => splitWords([1n], ONE), /^RangeError: the proof has 1 public values, expected 3 for 3 u8 in and 1 u8 out and a context$/);
  for (const [lists, words] of [
    [[LEFT], /^RangeError: expected 2 lists of values, for \["left" 40 u8, "right" 32 i8\], got 1$/],
    [[LEFT, RIGHT, RIGHT], /expected 2 lists of values, for .*, got 3$/],
    [[RIGHT, LEFT], /^RangeError: "left": expected 40 values of u8, got 32$/],
    [[LEFT, RIGHT.slice(1)], /^RangeError: "right": expected 32 values of i8, got 31$/],
    [[LEFT, RIGHT.with(7, 128)], /^RangeError: "right": expected a value of i8 at element 7, got 128$/],
  ] as [number[][], RegExp][]) assert.throws(() => packTensors(lists, TWO.inputs), words);
  assert.throws(() => packTensors([[1, 2, 3], [4]], ONE.inputs), /^RangeError: expected 1 list of values, for 3 u8, got 2$/);
  // Of one tensor alone nobody needs the name.
  assert.throws(() => packTensors([[1, 2]], ONE.inputs), /^RangeError: expected 3 values of u8, got 2$/);
  for (const count of [3, 5]) assert.throws(() => unpackTensors(Array<bigint>(count).fill(0n), TWO.inputs), new RegExp(`expected 4 words of \\["left" 40 u8, "right" 32 i8\\], got ${count}$`));
  assert.throws(() => unpackTensors([0n, 0n, 0n, 1n << 8n], TWO.inputs), /^RangeError: "right": word 1 holds more than 1 elements$/);
  const unnamed = TWO.inputs.map(({ type, size }) => ({ type, size }));
  assert.throws(() => packTensors([LEFT, LEFT], unnamed), /^RangeError: number 1: expected 32 values of i8, got 40$/);
});
