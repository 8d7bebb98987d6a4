/**
 * What a proof states, word by word: the one place that orders public values, as `models/src/words.rs` does in Rust.
 *
 * | words, in this order | of |
 * |---|---|
 * | one for each 31 elements, begun anew for each tensor | every input of the model |
 * | the same | every output |
 * | one | the context, which a market computes from chain, market, request and payee |
 */
import { type Tensor, pack, unpack, wordCount } from './packing.js';

/** The tensors that a model takes and gives, in its order. */
export interface Ends<T extends Tensor = Tensor> {
  inputs: readonly T[];
  outputs: readonly T[];
}

export type End = keyof Ends;

/** Public values in parts: the words of all inputs, those of all outputs, and the context. */
export interface Statement {
  inputs: readonly bigint[];
  outputs: readonly bigint[];
  context: bigint;
}

/** Words of all inputs, or of all outputs. */
export function countWords(tensors: readonly Tensor[]): number {
  return tensors.reduce((count, tensor) => count + wordCount(tensor), 0);
}

/**
 * The words of all inputs, or of all outputs.
 *
 * @param values The elements of each, row-major.
 * @throws {RangeError} for another number of lists than of tensors, and naming the tensor for elements that are not of it.
 */
export function packTensors(values: readonly ArrayLike<number>[], tensors: readonly Tensor[]): bigint[] {
  return eachOf(values, tensors, pack).flat();
}

/**
 * The elements of each input, or of each output, of their words.
 *
 * @throws {RangeError} for another number of words than the tensors take, and naming the tensor for a word that holds more than its elements.
 */
export function unpackTensors(words: readonly bigint[], tensors: readonly Tensor[]): number[][] {
  const expected = countWords(tensors);
  if (words.length !== expected) throw new RangeError(`expected ${expected} words of ${tensorsInWords(tensors)}, got ${words.length}`);
  let at = 0;
  const own = tensors.map((tensor) => words.slice(at, (at += wordCount(tensor))));
  return eachOf(own, tensors, unpack);
}

/**
 * The public values of a proof in parts.
 *
 * @throws {RangeError} for another number of them than the model has.
 */
export function splitWords(instances: readonly bigint[], { inputs, outputs }: Ends): Statement {
  const ins = countWords(inputs);
  const expected = ins + countWords(outputs) + 1;
  const context = instances.at(-1);
  if (instances.length !== expected || context === undefined) {
    const sizes = `${tensorsInWords(inputs)} in and ${tensorsInWords(outputs)} out`;
    throw new RangeError(`the proof has ${instances.length} public values, expected ${expected} for ${sizes} and a context`);
  }
  return { inputs: instances.slice(0, ins), outputs: instances.slice(ins, -1), context };
}

/** The public values of a proof: the inverse of `splitWords`. */
export function joinWords({ inputs, outputs, context }: Statement): bigint[] {
  return [...inputs, ...outputs, context];
}

/**
 * What is made of each tensor and what belongs to it.
 *
 * @throws {RangeError} for another number of parts than of tensors. What is thrown of one of several tensors names it.
 */
export function eachOf<V, T extends Tensor, R>(parts: readonly V[], tensors: readonly T[], make: (part: V, tensor: T) => R): R[] {
  if (parts.length !== tensors.length) {
    const lists = tensors.length === 1 ? '1 list' : `${tensors.length} lists`;
    throw new RangeError(`expected ${lists} of values, for ${tensorsInWords(tensors)}, got ${parts.length}`);
  }
  return tensors.map((tensor, at) => {
    try {
      return make(parts[at] as V, tensor);
    } catch (error) {
      if (tensors.length === 1 || !(error instanceof RangeError)) throw error;
      throw new RangeError(`${nameOf(tensors, at)}: ${error.message}`, { cause: error });
    }
  });
}

/** A tensor's name, in a message. One that was described without is told by its position. */
export function nameOf(tensors: readonly Tensor[], at: number): string {
  const name = tensors[at]?.name;
  return name === undefined ? `number ${at}` : JSON.stringify(name);
}

/** Sizes and types of tensors in a message, and of several their names. */
export function tensorsInWords(tensors: readonly Tensor[]): string {
  const sizes = tensors.map(({ size, type }) => `${size} ${type}`);
  if (sizes.length === 1) return sizes.join();
  return `[${sizes.map((size, at) => `${nameOf(tensors, at)} ${size}`).join(', ')}]`;
}
