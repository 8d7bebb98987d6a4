/** Assay for JavaScript: the market's client, the verifier of proofs, and the packing that both share. */
export * from './market/index.js';
export * from './verifier/index.js';
export { BYTES_PER_WORD, type Tensor, pack, unpack, wordCount } from './packing.js';
export { type ModelFile, ModelFileError, modelFromJson } from './model.js';
export { type Clamped, type Label, type RealTensor, clampedInWords, dequantise, labelOf, quantise } from './quantise.js';
