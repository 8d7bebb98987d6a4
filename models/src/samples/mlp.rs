//! [`mlp_onnx`]: multi-layer perceptrons of any size, as ONNX files.

use super::file::{File, int};

/// A quantised ONNX file (QDQ form) of a multi-layer perceptron with seeded random `i8` weights.
///
/// `widths` are the sizes of the input, of the hidden layers and of the output: `[784, 128, 10]` has two layers. Between them are
/// Relu and a requantisation by a power of two, chosen so that outputs of layers vary without saturating. Input `u8 [1, i]`,
/// hidden layers `u8`, output `i8 [1, o]`; [`import`](crate::import) reads any two or more widths of at least 1 whose products
/// are at most 2^26.
pub fn mlp_onnx(widths: &[usize], seed: u64) -> Vec<u8> {
    let (inputs, outputs) = (widths.first().copied().unwrap_or(1), widths.last().copied().unwrap_or(1));
    let mut file = File::new(&[1, inputs], &[1, outputs], seed);
    let layers = widths.len().saturating_sub(1);
    for (layer, pair) in widths.windows(2).enumerate() {
        if let [inputs, outputs] = *pair {
            file.layer(layer, "Gemm", &[outputs, inputs], int("transB", 1), layer + 1 == layers);
        }
    }
    file.bytes()
}
