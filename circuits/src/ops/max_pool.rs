//! MaxPool: `max(a, b) = b + relu(a - b)`, one lookup a comparison in a block of the operand, no cell for the maximum.

use assay_models::Node;
use assay_models::ops::MaxPool;

use super::{CircuitOp, Reading, unsupported};
use crate::error::CircuitError;
use crate::plan::{Planes, Planner};

impl CircuitOp for MaxPool {
    /// Accepts 2x2 windows with stride 2 over even planes.
    fn refusal(&self, node: &Node, input: Option<Planes>) -> Option<CircuitError> {
        let planes = input?;
        let even = planes.height.is_multiple_of(2) && planes.width.is_multiple_of(2);
        let fits = self.kernel == [2, 2] && self.strides == [2, 2] && self.pads == [0; 4] && even;
        let Self { kernel, strides, pads } = self;
        let what = format!("MaxPool with kernel {kernel:?}, strides {strides:?}, pads {pads:?} over planes {planes}");
        let expected = "kernel [2, 2], strides [2, 2], no padding, even height and width";
        (!fits).then(|| unsupported(node, what, expected))
    }

    fn reads(&self) -> Reading {
        Reading::Maxima
    }

    /// The maxima are sums of a block of the operand; here its windows are checked to be those that the block is laid in.
    fn lower(&self, planner: &mut Planner<'_>, _index: usize, node: &Node) -> Result<(), CircuitError> {
        let source = *node.inputs.first().ok_or(CircuitError::Invariant("a MaxPool has an input"))?;
        let (planes, laid) = (planner.image(source)?, planner.planes(source)?);
        if laid != planes {
            let what = format!("MaxPool over {planes} of a tensor that is laid as {laid}");
            return Err(unsupported(node, what, "one [1, c, h, w] shape for the pooled elements"));
        }
        Ok(())
    }
}
