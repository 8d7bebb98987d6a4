//! Ops that are interpreted and not proved yet.

use assay_models::{Node, TensorInfo};

use super::{CircuitOp, Reading, unsupported};
use crate::error::CircuitError;
use crate::plan::Planner;

/// An op that every circuit refuses.
pub(super) struct WithoutCircuit {
    /// Its name.
    pub(super) name: &'static str,
    /// What a model may have in its place.
    pub(super) instead: &'static str,
}

impl CircuitOp for WithoutCircuit {
    fn refusal(&self, node: &Node, _input: &TensorInfo) -> Option<CircuitError> {
        Some(unsupported(node, self.name, self.instead))
    }

    fn reads(&self) -> Reading {
        Reading::Fingerprints
    }

    fn lower(&self, _planner: &mut Planner<'_>, _index: usize, _node: &Node) -> Result<(), CircuitError> {
        Err(CircuitError::Invariant("an op without an identity is refused"))
    }
}
