//! Dense (Gemm, MatMul with a constant): `Y(r) = sum_l W_l(r) * x_l + bias'(r)`, `bias' = bias - zx sum_l W_l`.
//! The inputs stand beside their weights in column x, bound to the producer by equal plane fingerprints.
//!
//! Degree in the challenges: at most `O + H + W`.

use assay_models::ops::Dense;
use assay_models::{Node, WeightValues};

use super::{CircuitOp, Reading};
use crate::columns::{Advice, Fixed};
use crate::error::CircuitError;
use crate::layout::{Builder, Function, Values, Wire, unsupported};

impl CircuitOp for Dense {
    fn reads(&self) -> Reading {
        Reading::Fingerprints
    }

    /// Commits inputs and outputs, and ties both sides.
    fn lay_out(&self, b: &mut Builder<'_>, index: usize, node: &Node) -> Result<(), CircuitError> {
        let source = *node.inputs.first().ok_or(CircuitError::Invariant("a Dense has an input"))?;
        let planes = b.planes(source)?;
        if planes.len() != self.inputs {
            let what = format!("a matrix product over {} of {} elements", self.inputs, planes.len());
            return Err(unsupported(node, what, "one vector that holds the whole tensor"));
        }
        let fingerprints = b.fingerprints(source, planes)?;
        for input in 0..self.inputs {
            let segment = b.segment(self.outputs, input == 0);
            let (channel, within) = (input / planes.area(), input % planes.area());
            let (row, column) = (within / planes.width, within % planes.width);
            for at in segment.first..segment.last {
                b.set(at, Fixed::KeepU, 1);
            }
            b.set(segment.last, if column == 0 { Fixed::StartX } else { Fixed::ContX }, 1);
            let ends_row = column + 1 == planes.width;
            b.flag(segment.last, Fixed::TakeX, ends_row);
            b.flag(segment.last, Fixed::StepX, ends_row && row > 0);
            b.dense_input(segment.last, source, input);
            if within + 1 == planes.area() {
                let fingerprint =
                    *fingerprints.get(channel).ok_or(CircuitError::Invariant("a fingerprint a channel"))?;
                let name = format!("{}: inputs = {}[{channel}]", node.name, b.tensor_name(source)?);
                b.copy(name, Wire::Advice(Advice::Acc2, segment.last), fingerprint);
            }
        }
        b.fill(self.inputs, self.outputs, Values::Weights { node: index, offset: 0, stride: self.inputs });
        let segment = b.segment(self.outputs, false);
        b.fill(1, self.outputs, Values::Bias(corrected_bias(self, b.zero_point(source)?)));
        b.set(segment.last, Fixed::Take, 1);
        b.set(segment.last, Fixed::Product, 1);
        let one = b.one();
        b.copy(format!("{}: u = 1 (bias)", node.name), Wire::Advice(Advice::U, segment.last), one);
        let outputs = b.requantised(index, Function::Vector, &self.requantise)?;
        let [left] = *outputs.as_slice() else {
            return Err(CircuitError::Unpaired { left: 1, right: outputs.len() });
        };
        b.copy(format!("{}: weights side = outputs side", node.name), Wire::Advice(Advice::P, segment.last), left);
        Ok(())
    }

    fn weights(&self) -> Option<WeightValues<'_>> {
        Some(self.weights.values())
    }

    /// Rows of the weights, one segment an input, and of the bias.
    fn weight_rows(&self, lanes: usize) -> usize {
        (self.inputs + 1) * self.outputs.div_ceil(lanes)
    }
}

/// `bias_o - zx sum_l W_lo`: a matrix product has no padding, so the zero point folds into the bias.
fn corrected_bias(op: &Dense, zero_point: i64) -> Vec<i64> {
    if zero_point == 0 {
        return op.bias.clone();
    }
    let weights = op.weights.values();
    op.bias.iter().enumerate().map(|(o, bias)| bias - zero_point * weights.row(o, op.inputs).sum()).collect()
}
