//! Gemm and `MatMul` with a constant right-hand side: <https://onnx.ai/onnx/operators/onnx__Gemm.html>.

use serde::{Deserialize, Serialize};

use super::{Bounded, Evaluated, IntegerOp, Interval, OpFault, Operand, Output, exactly};
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

impl IntegerOp for Dense {
    fn operands(&self) -> usize {
        1
    }

    /// `[.., i]` to `[.., o]`; any number of leading axes, at least one.
    fn output_shape(&self, inputs: &[&[usize]], _declared: &[usize]) -> Result<Vec<usize>, OpFault> {
        let [x] = exactly(inputs)?;
        let (Some(inputs), rows @ [_, ..]) = (x.last(), x.split_last().map_or(&[][..], |(_, rows)| rows)) else {
            return Err(OpFault::Rank { expected: "at least 2", got: x.to_vec() });
        };
        super::expect_size("inputs", self.inputs.max(1), *inputs)?;
        super::expect_size("outputs", self.outputs.max(1), self.outputs)?;
        super::expect_size("weights", super::elements(&[self.outputs, self.inputs])?, self.weights.len())?;
        super::expect_size("bias", self.outputs, self.bias.len())?;
        Ok([rows, &[self.outputs]].concat())
    }

    fn output(&self) -> Output<'_> {
        Output::Requantised(&self.requantise)
    }

    /// Accumulators `[.., o]` of `x` `[.., i]`.
    fn evaluate(&self, inputs: &[Operand<'_>]) -> Result<Evaluated, OpFault> {
        let [x] = exactly(inputs)?;
        let corrected: Vec<i64> = x.values.iter().map(|value| value - x.zero_point()).collect();
        let accumulators = match self.weights.values() {
            WeightValues::Bytes(weights) => self.product(&corrected, weights),
            WeightValues::Words(weights) => self.product(&corrected, weights),
        };
        Ok(accumulators.into())
    }

    fn bounds(&self, channel: usize, inputs: &[Bounded<'_>]) -> Result<Interval, OpFault> {
        let [x] = exactly(inputs)?;
        let row = self.weights.values().row(channel, self.inputs);
        let bias = self.bias.get(channel).filter(|_| row.len() == self.inputs);
        Ok(Interval::dot(row, x.corrected()).plus(*bias.ok_or(OpFault::Incomplete { channel })?))
    }

    fn constants(&self) -> Vec<i64> {
        self.bias.clone()
    }

    fn requantise_mut(&mut self) -> Option<&mut Requantise> {
        Some(&mut self.requantise)
    }

    fn channels(&self) -> usize {
        self.outputs
    }

    fn channel(&self, element: usize, _shape: &[usize]) -> usize {
        element % self.outputs.max(1)
    }

    fn parameters(&self) -> usize {
        self.weights.len() + self.bias.len()
    }
}

impl Dense {
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
}
