//! Rescale (Relu, Clip, QuantizeLinear on their own): `Y_c = X_c - zx G` for every channel, then requantised.
//!
//! Degree in the challenges: at most `H + W`.

use assay_models::Node;
use assay_models::ops::Rescale;

use super::{CircuitOp, Reading};
use crate::error::CircuitError;
use crate::plan::Planner;

impl CircuitOp for Rescale {
    fn reads(&self) -> Reading {
        Reading::Fingerprints
    }

    fn lower(&self, planner: &mut Planner<'_>, index: usize, node: &Node) -> Result<(), CircuitError> {
        let source = *node.inputs.first().ok_or(CircuitError::Invariant("a Rescale has an input"))?;
        let planes = planner.planes(node.output)?;
        let zero_point = planner.zero_point(source)?;
        let fingerprints = planner.fingerprints(source, planes)?;
        let operands = fingerprints
            .into_iter()
            .map(|fingerprint| planner.centred(fingerprint, zero_point, planes))
            .collect::<Result<Vec<_>, _>>()?;
        let outputs = planner.requantised_planes(index, &self.requantise)?;
        planner.equal_all(index, "input = output", &outputs, &operands)
    }

    fn elementwise(&self) -> bool {
        true
    }
}
