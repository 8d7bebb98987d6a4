//! Dense (Gemm, MatMul with a constant): `Y(r) = sum_l W_l(r) * x_l + bias'(r)`, `bias' = bias - zx sum_l W_l`.
//! The inputs stand beside their weights, bound to the producer by equal plane fingerprints.
//!
//! Degree in the challenges: at most `O + H + W`.

use assay_models::ops::Dense;
use assay_models::{Node, TensorInfo, WeightValues};

use super::{CircuitOp, Reading, unsupported};
use crate::error::CircuitError;
use crate::plan::{Operands, Planner, WeightedSum};

impl CircuitOp for Dense {
    fn refusal(&self, node: &Node, input: &TensorInfo) -> Option<CircuitError> {
        let what = format!("a matrix product over {} of {} elements", self.inputs, input.len());
        (input.len() != self.inputs).then(|| unsupported(node, what, "one vector that holds the whole tensor"))
    }

    fn reads(&self) -> Reading {
        Reading::Fingerprints
    }

    fn lower(&self, planner: &mut Planner<'_>, index: usize, node: &Node) -> Result<(), CircuitError> {
        let source = *node.inputs.first().ok_or(CircuitError::Invariant("a Dense has an input"))?;
        let planes = planner.planes(source)?;
        let channels = planner.fingerprints(source, planes)?;
        let right = WeightedSum {
            node: index,
            first: 0,
            outputs: self.outputs,
            operands: Operands::Elements { tensor: source, planes, channels },
            bias: corrected_bias(self, planner.zero_point(source)?),
            bias_operand: planner.one(),
        };
        let right = planner.weighted_sum(right);
        let left = planner.requantised_vector(index, &self.requantise)?;
        planner.equal(index, "weights side = outputs side", right, left);
        Ok(())
    }

    fn weights(&self) -> Option<WeightValues<'_>> {
        Some(self.weights.values())
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
