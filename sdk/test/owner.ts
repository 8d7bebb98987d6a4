/** What a model's owner hands out. */

/** What a LeNet's owner wrote, on a development chain. */
export const MODEL = {
  format: 'assay-model-1', name: 'lenet', chain: 31_337, market: `0x${'1a'.repeat(20)}`, model_id: `0x${'2b'.repeat(32)}`, graph_digest: `0x${'3c'.repeat(32)}`,
  key_digest: `0x${'4d'.repeat(32)}`, class: `0x${'5e'.repeat(32)}`, srs_digest: `0x${'6f'.repeat(32)}`, insecure: true, opening: 'shplonk',
  input: { shape: [1, 1, 28, 28], type: 'u8', scale: 0.003_921_568_859_368_563, zero_point: 0, words: 26 },
  output: { shape: [1, 10], type: 'i8', scale: 0.1, zero_point: 3, words: 1 },
  labels: ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'],
};
