//! Networks with seeded pseudo-random weights: tiny graphs for tests of the crates that build on this one, one for every op ([`cases`], [`refused`]), and perceptrons of any
//! size as ONNX files ([`mlp_onnx`]).
//!
//! The tiny ones are small enough that every cell of their circuit can be attacked in turn, and hold what a circuit finds hard: padding,
//! a non-zero input zero point, one multiplier a channel, a Relu whose zero point is not 0, signed outputs.

mod cases;
mod cnn;
mod file;
mod mlp;

pub use cases::{Case, Sampled, activation_lanes, cases, free_scales, ports, refused};
pub use cnn::cnn_onnx;
pub use mlp::mlp_onnx;

use crate::graph::{DType, Node, Port, QuantizedGraph, TensorId, TensorInfo};
use crate::ops::{Conv, Dense, MaxPool, Op, Reshape};
use crate::requantise::Requantise;
use crate::weights::Weights;

/// Deterministic pseudo-random numbers (splitmix64); not for secrets.
#[derive(Clone, Debug)]
pub struct Numbers(u64);

impl Numbers {
    /// A sequence of its own for each seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number of `low..=high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^= x >> 31;
        let width = (high - low).unsigned_abs().saturating_add(1);
        low + (x % width) as i64
    }

    /// `count` numbers of `low..=high`.
    pub fn many(&mut self, count: usize, low: i64, high: i64) -> Vec<i64> {
        (0..count).map(|_| self.between(low, high)).collect()
    }

    fn weights(&mut self, count: usize, magnitude: i64) -> Weights {
        (0..count).map(|_| self.between(-magnitude, magnitude) as i16).collect()
    }
}

/// Valid inputs of a graph, others for each seed.
pub fn inputs(graph: &QuantizedGraph, seed: u64) -> Vec<Vec<i64>> {
    let mut numbers = Numbers::new(seed);
    let of = |port: &Port| {
        let info = graph.tensor(port.tensor).ok()?;
        Some(numbers.many(info.len(), info.dtype.min(), info.dtype.max()))
    };
    graph.inputs.iter().filter_map(of).collect()
}

/// `u8 [1, 1, 6, 6]`, zero point 3; Conv 1 -> 2, 3x3, pads 1, multipliers `[1, 3]` over 64, Relu at zero point 5; `MaxPool` 2x2;
/// Flatten; Dense 18 -> 3 over 64, `i8`.
pub fn tiny_cnn() -> QuantizedGraph {
    let mut numbers = Numbers::new(0x00C0_FFEE);
    let conv = Conv {
        weights: numbers.weights(18, 31),
        weights_shape: [2, 1, 3, 3],
        bias: numbers.many(2, -500, 500),
        pads: [1, 1, 1, 1],
        group: 1,
        requantise: Requantise {
            multipliers: vec![1, 3],
            divisor: 64,
            zero_point: 5,
            low: 5,
            high: 255,
            table: vec![],
        },
    };
    let pool = MaxPool;
    let tensors = vec![
        tensor("image", &[1, 1, 6, 6], DType::U8, 3),
        tensor("features", &[1, 2, 6, 6], DType::U8, 5),
        tensor("pooled", &[1, 2, 3, 3], DType::U8, 5),
        tensor("vector", &[1, 18], DType::U8, 5),
        tensor("scores", &[1, 3], DType::I8, -2),
    ];
    let dense = dense(&mut numbers, 18, 3, signed(64, -2));
    chain(
        "tiny-cnn",
        tensors,
        vec![
            ("conv", Op::Conv(conv)),
            ("pool", Op::MaxPool(pool)),
            ("flatten", Op::Reshape(Reshape)),
            ("dense", Op::Dense(dense)),
        ],
    )
}

/// `u8 [1, 8]`; Dense 8 -> 5 over 64 with Relu; Dense 5 -> 3 over 64, `i8`.
pub fn tiny_mlp() -> QuantizedGraph {
    let mut numbers = Numbers::new(0xBEEF);
    let relu = Requantise { multipliers: vec![1], divisor: 64, zero_point: 0, low: 0, high: 255, table: vec![] };
    let hidden = dense(&mut numbers, 8, 5, relu);
    let scores = dense(&mut numbers, 5, 3, signed(64, 0));
    let tensors = vec![
        tensor("features", &[1, 8], DType::U8, 0),
        tensor("hidden", &[1, 5], DType::U8, 0),
        tensor("scores", &[1, 3], DType::I8, 0),
    ];
    chain("tiny-mlp", tensors, vec![("hidden", Op::Dense(hidden)), ("scores", Op::Dense(scores))])
}

fn signed(divisor: u64, zero_point: i32) -> Requantise {
    Requantise { multipliers: vec![1], divisor, zero_point, low: -128, high: 127, table: vec![] }
}

fn dense(numbers: &mut Numbers, inputs: usize, outputs: usize, requantise: Requantise) -> Dense {
    let weights = numbers.weights(inputs * outputs, 31);
    Dense { weights, outputs, inputs, bias: numbers.many(outputs, -500, 500), requantise }
}

fn tensor(name: &str, shape: &[usize], dtype: DType, zero_point: i32) -> TensorInfo {
    TensorInfo { name: name.to_owned(), shape: shape.to_vec(), dtype, scale: 1.0 / 64.0, zero_point }
}

/// Nodes one after the other: tensor `i` goes through node `i` to tensor `i + 1`.
fn chain(name: &str, tensors: Vec<TensorInfo>, ops: Vec<(&str, Op)>) -> QuantizedGraph {
    let output = TensorId(tensors.len().saturating_sub(1));
    let node = |(at, (name, op)): (usize, (&str, Op))| Node {
        name: name.to_owned(),
        op,
        inputs: vec![TensorId(at)],
        output: TensorId(at + 1),
    };
    let nodes = ops.into_iter().enumerate().map(node).collect();
    QuantizedGraph::new(name, tensors, nodes, &[TensorId(0)], &[output])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpret;

    #[test]
    fn the_samples_are_valid_and_their_outputs_vary_with_the_input() {
        for graph in [tiny_cnn(), tiny_mlp()] {
            graph.validate().unwrap();
            let answer = |seed| interpret(&graph, &inputs(&graph, seed)).unwrap().values.pop().unwrap();
            let outputs: std::collections::BTreeSet<Vec<i64>> = (0..20).map(answer).collect();
            assert!(outputs.len() > 15, "{}: {outputs:?}", graph.name);
            let saturated = outputs.iter().flatten().filter(|v| **v == 127 || **v == -128).count();
            assert!(saturated < 40, "{}: {outputs:?}", graph.name);
        }
    }
}
