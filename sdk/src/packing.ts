/**
 * Packing of one byte tensor into the words that a contract sees (`words.ts` orders those of several): 31 bytes a word, always below the field's modulus. The first element of a
 * chunk is its most significant byte; a shorter last chunk is right-aligned. An `i8` element `v` is the byte `v + 128`.
 */

/** Elements of a word. */
export const BYTES_PER_WORD = 31;

/** Type and number of a tensor's elements. */
export interface Tensor {
  type: 'u8' | 'i8';
  /** Number of elements, of all dimensions. */
  size: number;
  /** What the model calls it, where that is known: for messages, and for whoever looks for one of several. */
  name?: string;
}

const OFFSET = { u8: 0, i8: 128 } as const;

/** Words that a tensor takes. */
export function wordCount({ size }: Tensor): number {
  return Math.ceil(size / BYTES_PER_WORD);
}

/**
 * Packs a tensor's elements into words, each below 2^248.
 *
 * @throws {RangeError} for another number of elements, or one that is not of the tensor's type.
 */
export function pack(values: ArrayLike<number>, tensor: Tensor): bigint[] {
  if (values.length !== tensor.size) {
    throw new RangeError(`expected ${tensor.size} values of ${tensor.type}, got ${values.length}`);
  }
  const words = new Array<bigint>(wordCount(tensor)).fill(0n);
  for (let i = 0; i < values.length; i++) {
    const byte = (values[i] as number) + OFFSET[tensor.type];
    if (!Number.isInteger(byte) || byte < 0 || byte > 255) {
      throw new RangeError(`expected a value of ${tensor.type} at element ${i}, got ${values[i]}`);
    }
    const at = Math.floor(i / BYTES_PER_WORD);
    words[at] = ((words[at] as bigint) << 8n) | BigInt(byte);
  }
  return words;
}

/**
 * The elements of packed words.
 *
 * @throws {RangeError} for another number of words than the tensor takes, or a word that holds more than its elements.
 */
export function unpack(words: readonly bigint[], tensor: Tensor): number[] {
  if (words.length !== wordCount(tensor)) {
    throw new RangeError(`expected ${wordCount(tensor)} words of ${tensor.size} ${tensor.type}, got ${words.length}`);
  }
  return words.flatMap((word, at) => {
    const count = Math.min(BYTES_PER_WORD, tensor.size - at * BYTES_PER_WORD);
    if (word >> BigInt(8 * count)) throw new RangeError(`word ${at} holds more than ${count} elements`);
    return Array.from({ length: count }, (_, i) => {
      const byte = Number((word >> BigInt(8 * (count - 1 - i))) & 0xffn);
      return byte - OFFSET[tensor.type];
    });
  });
}
