//! MaxPool: `max(a, b) = b + relu(a - b)`, one lookup a comparison in the producer's own rows, no cell for the maximum.
//! The producer lays its elements window by window; here the windows are checked to be those it can lay.

use assay_models::Node;
use assay_models::ops::MaxPool;

use crate::error::CircuitError;
use crate::layout::{Builder, unsupported};

/// Accepts 2x2 windows with stride 2 over even planes.
pub(crate) fn lay_out(b: &mut Builder<'_>, node: &Node, op: &MaxPool) -> Result<(), CircuitError> {
    let source = *node.inputs.first().ok_or(CircuitError::Invariant("a MaxPool has an input"))?;
    let planes = b.image(source)?;
    if b.planes(source)? != planes {
        let what = format!("MaxPool over {planes} of a tensor that is laid as {}", b.planes(source)?);
        return Err(unsupported(node, what, "one [1, c, h, w] shape for the pooled elements"));
    }
    let even = planes.height.is_multiple_of(2) && planes.width.is_multiple_of(2);
    if op.kernel != [2, 2] || op.strides != [2, 2] || op.pads != [0; 4] || !even {
        let what = format!(
            "MaxPool with kernel {:?}, strides {:?}, pads {:?} over planes {planes}",
            op.kernel, op.strides, op.pads
        );
        return Err(unsupported(node, what, "kernel [2, 2], strides [2, 2], no padding, even height and width"));
    }
    Ok(())
}
