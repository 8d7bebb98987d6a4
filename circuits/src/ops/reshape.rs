//! Reshape: no identity and no cells, the result is another name for those of the operand. Ops that read it as other planes than
//! it is laid in read a second set of cells.

use assay_models::Node;
use assay_models::ops::Reshape;

use super::{CircuitOp, Reading};
use crate::error::CircuitError;
use crate::plan::Planner;

impl CircuitOp for Reshape {
    fn reads(&self) -> Reading {
        Reading::Nothing
    }

    fn lower(&self, _planner: &mut Planner<'_>, _index: usize, _node: &Node) -> Result<(), CircuitError> {
        Ok(())
    }
}
