/** The numbers of a question: a model's own integers or real numbers, of its only input or of each. */
import type { Tensor } from '../packing.js';
import { type Clamped, type RealTensor, quantise } from '../quantise.js';
import { eachOf, packTensors } from '../words.js';
import type { ModelDescription } from './description.js';

/** What is asked, row-major: one of the four. */
export interface Numbers {
  /** The quantised numbers of a model with one input. */
  input?: ArrayLike<number> | undefined;
  /** Real numbers of a model with one input: they are quantised by its scale and zero point, which `modelFromJson` gives. */
  real?: ArrayLike<number> | undefined;
  /** The quantised numbers of every input, in the model's order. */
  inputs?: readonly ArrayLike<number>[] | undefined;
  /** Real numbers of every input, in the model's order. */
  reals?: readonly ArrayLike<number>[] | undefined;
}

/** One of `Numbers`, and no other. */
export type Asking = { [one in keyof Numbers]-?: { [name in one]-?: NonNullable<Numbers[name]> } & { [name in Exclude<keyof Numbers, one>]?: undefined } }[keyof Numbers];

/** The packed words of what is asked, and what of the real numbers the model's inputs cannot hold. */
export interface Packed {
  words: bigint[];
  clamped: Clamped[];
}

/** Whether anything is asked. */
export const isGiven = ({ input, real, inputs, reals }: Numbers) => [input, real, inputs, reals].some((numbers) => numbers !== undefined);

/**
 * The words of a question.
 *
 * @throws {TypeError} when nothing is asked or more than one thing, or real numbers of a model whose scales are not known.
 * @throws {RangeError} when the numbers are not those of the model's inputs, or not of every one.
 */
export function packed({ inputs: tensors }: Pick<ModelDescription, 'inputs'>, { input, real, inputs, reals }: Numbers): Packed {
  const given = [input, real, inputs, reals].filter((numbers) => numbers !== undefined);
  if (given.length !== 1) throw new TypeError('give the quantised `input` or `real` numbers, one of the two; of a model with several inputs `inputs` or `reals`, a list for each');
  const integers = inputs ?? (input && [input]);
  if (integers) return { words: packTensors(integers, tensors), clamped: [] };
  const quantised = eachOf((reals ?? [real]) as readonly ArrayLike<number>[], tensors, (values, tensor) => quantise(values, realTensor(tensor)));
  const clamped = quantised.flatMap(({ clamped }, at) => {
    if (!clamped) return [];
    return [tensors.length === 1 ? clamped : { input: tensors[at]?.name ?? `number ${at}`, ...clamped }];
  });
  return { words: packTensors(quantised.map(({ values }) => values), tensors), clamped };
}

export const isReal = (tensor: Tensor | RealTensor): tensor is RealTensor => 'scale' in tensor;

function realTensor(tensor: Tensor | RealTensor): RealTensor {
  if (!isReal(tensor)) throw new TypeError('real numbers need the scale of the model\'s input: take the model from its model.json, by `modelFromJson`');
  return tensor;
}
