//! [`cnn_onnx`]: convolutional networks of any depth, as ONNX files.

use super::file::{File, int, ints};

/// A quantised ONNX file (QDQ form) of a convolutional network with seeded random `i8` weights.
///
/// `pairs` times: two convolutions 3x3 with pads 1 and `channels` outputs, each with Relu, and `MaxPool` 2x2 but behind the last pair. Then one
/// matrix product to 10 outputs. Input `u8 [1, 3, side, side]`, output `i8 [1, 10]`; `side` must be even `pairs - 1` times over. Scales are those
/// of [`mlp_onnx`](super::mlp_onnx).
///
/// `cnn_onnx(4, 64, 32, 1)` has 8 convolutions of 64 channels over planes of 32x32, which fall to 4x4.
pub fn cnn_onnx(pairs: usize, channels: usize, side: usize, seed: u64) -> Vec<u8> {
    let mut file = File::new(&[1, 3, side, side], &[1, 10], seed);
    let (mut inputs, mut height) = (3, side);
    for layer in 0..2 * pairs {
        file.layer(layer, "Conv", &[channels, inputs, 3, 3], ints("pads", &[1; 4]), false);
        inputs = channels;
        if layer % 2 == 1 && layer + 1 < 2 * pairs {
            let (from, to) = (format!("layer{}.real", layer + 1), format!("layer{}.pooled", layer + 1));
            let window = vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])];
            file.node("MaxPool", &[&from], &to, window);
            file.reads(layer + 1, &to);
            height /= 2;
        }
    }
    let last = 2 * pairs;
    file.node("Flatten", &[&format!("layer{last}.real")], "vector", Vec::new());
    file.reads(last, "vector");
    file.layer(last, "Gemm", &[10, channels * height * height], int("transB", 1), true);
    file.bytes()
}
