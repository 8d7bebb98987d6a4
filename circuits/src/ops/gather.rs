//! Gather: no identity and no cells. Its elements are read by wire, each from the cells that hold it, by whatever reads the result.

use assay_models::Node;
use assay_models::ops::Gather;

use super::{CircuitOp, Reading};
use crate::error::CircuitError;
use crate::plan::Planner;

impl CircuitOp for Gather {
    fn reads(&self) -> Reading {
        Reading::Elements
    }

    fn lower(&self, planner: &mut Planner<'_>, index: usize, node: &Node) -> Result<(), CircuitError> {
        planner.gather(index, node, self.picks())
    }
}
