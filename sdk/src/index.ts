/** Assay for JavaScript: the market's client, the verifier of proofs, and the packing that both share. */
export * from './market/index.js';
export * from './verifier/index.js';
export { BYTES_PER_WORD, type Tensor } from './packing.js';
export { type Ends, type Statement, countWords, joinWords, packTensors, splitWords, unpackTensors } from './words.js';
export { type ModelFile, ModelFileError, type Port, modelFromJson } from './model.js';
export { type Clamped, type Label, type RealTensor, clampedInWords, dequantise, labelOf, quantise } from './quantise.js';
