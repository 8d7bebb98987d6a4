//! Gemm and `MatMul` with a constant right-hand side: <https://onnx.ai/onnx/operators/onnx__Gemm.html>.

use serde::{Deserialize, Serialize};

use super::OpFault;
use crate::interval::Interval;
use crate::requantise::Requantise;
use crate::weights::{WeightValues, Weights};

/// `acc[n, o] = sum_i (x[n, i] - zx) * weights[o, i] + bias[o]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dense {
    /// `[o, i]` row-major, weight zero point already subtracted.
    pub weights: Weights,
    /// Number of outputs `o`.
    pub outputs: usize,
    /// Number of inputs `i`.
    pub inputs: usize,
    /// `[o]`.
    pub bias: Vec<i64>,
    /// Accumulator to output.
    pub requantise: Requantise,
}

impl Dense {
    /// `[.., i]` to `[.., o]`; any number of leading axes, at least one.
    ///
    /// # Errors
    /// If input, weights and bias do not fit together.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, OpFault> {
        let [rows @ .., inputs] = input else {
            return Err(OpFault::Rank { expected: "at least 2", got: input.to_vec() });
        };
        if rows.is_empty() {
            return Err(OpFault::Rank { expected: "at least 2", got: input.to_vec() });
        }
        super::expect_size("inputs", self.inputs.max(1), *inputs)?;
        super::expect_size("outputs", self.outputs.max(1), self.outputs)?;
        super::expect_size("weights", super::elements(&[self.outputs, self.inputs])?, self.weights.len())?;
        super::expect_size("bias", self.outputs, self.bias.len())?;
        Ok([rows, &[self.outputs]].concat())
    }

    /// Accumulators `[.., o]` of `x` `[.., i]` with zero point `zx`.
    pub fn accumulate(&self, x: &[i64], zx: i64) -> Vec<i64> {
        let corrected: Vec<i64> = x.iter().map(|x| x - zx).collect();
        match self.weights.values() {
            WeightValues::Bytes(weights) => self.product(&corrected, weights),
            WeightValues::Words(weights) => self.product(&corrected, weights),
        }
    }

    fn product<W: Copy + Into<i64>>(&self, corrected: &[i64], weights: &[W]) -> Vec<i64> {
        let inputs = self.inputs.max(1);
        let mut acc = Vec::with_capacity(corrected.len() / inputs * self.outputs);
        for row in corrected.chunks_exact(inputs) {
            for (weights, bias) in weights.chunks_exact(inputs).zip(&self.bias) {
                acc.push(bias + row.iter().zip(weights).map(|(x, w)| x * (*w).into()).sum::<i64>());
            }
        }
        acc
    }

    /// Bounds of the accumulators of output `o`, for corrected inputs in `x`; they hold for every partial sum. `None` without a bias
    /// and all weights of the output.
    pub(crate) fn bounds(&self, output: usize, x: Interval) -> Option<Interval> {
        let row = self.weights.values().row(output, self.inputs);
        let bias = self.bias.get(output).filter(|_| row.len() == self.inputs)?;
        Some(Interval::dot(row, x).plus(*bias))
    }
}
