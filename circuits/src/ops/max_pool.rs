//! MaxPool: `max(a, b) = b + relu(a - b)`, one lookup a comparison in a block of the operand, no cell for the maximum.

use assay_models::ops::MaxPool;
use assay_models::{Node, TensorInfo};

use super::{CircuitOp, Reading, unsupported};
use crate::error::CircuitError;
use crate::plan::{Planes, Planner};

impl CircuitOp for MaxPool {
    fn refusal(&self, node: &Node, input: &TensorInfo) -> Option<CircuitError> {
        Planes::of_shape(&input.shape).is_none().then(|| unsupported(node, "MaxPool over a batch", "batch size 1"))
    }

    fn reads(&self) -> Reading {
        Reading::Maxima
    }

    /// The maxima are sums of a block of the operand; here its windows are checked to be those that the block is laid in.
    fn lower(&self, planner: &mut Planner<'_>, _index: usize, node: &Node) -> Result<(), CircuitError> {
        let source = *node.inputs.first().ok_or(CircuitError::Invariant("a MaxPool has an input"))?;
        planner.dtype(source)?; // differences of bytes are in the table of maxima
        let (planes, laid) = (planner.image(source)?, planner.planes(source)?);
        if laid != planes {
            let what = format!("MaxPool over {planes} of a tensor that is laid as {laid}");
            return Err(unsupported(node, what, "one [1, c, h, w] shape for the pooled elements"));
        }
        Ok(())
    }
}
