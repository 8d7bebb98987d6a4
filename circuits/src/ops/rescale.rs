//! Rescale (Relu, Clip, QuantizeLinear on their own): `Y_c = X_c - zx G` for every channel, then requantised.
//!
//! Degree in the challenges: at most `H + W`.

use assay_models::Node;
use assay_models::ops::Rescale;

use super::{CircuitOp, Reading};
use crate::error::CircuitError;
use crate::layout::{Builder, Function};

impl CircuitOp for Rescale {
    fn reads(&self) -> Reading {
        Reading::Fingerprints
    }

    /// Commits the outputs and ties them to the operand.
    fn lay_out(&self, b: &mut Builder<'_>, index: usize, node: &Node) -> Result<(), CircuitError> {
        let source = *node.inputs.first().ok_or(CircuitError::Invariant("a Rescale has an input"))?;
        let planes = b.planes(node.output)?;
        let zero_point = b.zero_point(source)?;
        let fingerprints = b.fingerprints(source, planes)?;
        let operands = fingerprints
            .into_iter()
            .map(|fingerprint| b.centred(fingerprint, zero_point, planes))
            .collect::<Result<Vec<_>, _>>()?;
        let outputs = b.requantised(index, Function::Planes, &self.requantise)?;
        b.copy_all(&format!("{}: input = output", node.name), &outputs, &operands)
    }

    fn elementwise(&self) -> bool {
        true
    }
}
