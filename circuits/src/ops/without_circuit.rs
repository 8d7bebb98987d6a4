//! Ops that are interpreted and not proved yet.

use assay_models::Node;

use super::{CircuitOp, Reading};
use crate::error::CircuitError;
use crate::layout::{Builder, Planes, unsupported};

/// An op that every circuit refuses.
pub(super) struct WithoutCircuit {
    /// Its name.
    pub(super) name: &'static str,
    /// What a model may have in its place.
    pub(super) instead: &'static str,
}

impl CircuitOp for WithoutCircuit {
    fn refusal(&self, node: &Node, _input: Option<Planes>) -> Option<CircuitError> {
        Some(unsupported(node, self.name, self.instead))
    }

    fn reads(&self) -> Reading {
        Reading::Fingerprints
    }

    fn lay_out(&self, _b: &mut Builder<'_>, _index: usize, _node: &Node) -> Result<(), CircuitError> {
        Err(CircuitError::Invariant("an op without an identity is refused"))
    }
}
