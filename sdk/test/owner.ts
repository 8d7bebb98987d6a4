/** What a model's owner hands out. */

/** What a LeNet's owner wrote, on a development chain. */
export const MODEL = {
  format: 'assay-model-2', name: 'lenet', chain: 31_337, market: `0x${'1a'.repeat(20)}`, model_id: `0x${'2b'.repeat(32)}`, graph_digest: `0x${'3c'.repeat(32)}`,
  key_digest: `0x${'4d'.repeat(32)}`, class: `0x${'5e'.repeat(32)}`, srs_digest: `0x${'6f'.repeat(32)}`, insecure: true, opening: 'shplonk',
  inputs: [{ name: 'image', shape: [1, 1, 28, 28], type: 'u8', scale: 0.003_921_568_859_368_563, zero_point: 0, words: 26 }],
  outputs: [{ name: 'logits', shape: [1, 10], type: 'i8', scale: 0.1, zero_point: 3, words: 1 }],
  labels: ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'],
};

/** The same proof's words, read as two inputs and two outputs: an image of 784 pixels takes the words that 310, 310 and 164 of them do. */
export const SEVERAL = {
  ...MODEL,
  inputs: [
    { name: 'upper', shape: [310], type: 'u8', scale: 0.5, zero_point: 0, words: 10 },
    { name: 'middle', shape: [310], type: 'u8', scale: 0.25, zero_point: 2, words: 10 },
  ],
  outputs: [
    { name: 'lower', shape: [164], type: 'u8', scale: 0.5, zero_point: 0, words: 6 },
    { name: 'logits', shape: [1, 10], type: 'i8', scale: 0.1, zero_point: 3, words: 1 },
  ],
  labels: null,
};
