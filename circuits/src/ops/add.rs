//! Add: `Y_c = mx (X_c - zx G) + my (Y'_c - zy G)` for every channel, an equality of plane fingerprints.
//!
//! Degree in the challenges: at most `H + W`.

use assay_models::Node;
use assay_models::ops::Add;

use crate::error::CircuitError;
use crate::layout::{Builder, Function, unsupported};

/// Commits the outputs and ties them to both operands.
pub(crate) fn lay_out(b: &mut Builder<'_>, index: usize, node: &Node, op: &Add) -> Result<(), CircuitError> {
    let [x, y] = *node.inputs.as_slice() else {
        return Err(CircuitError::Invariant("an Add has two inputs"));
    };
    let planes = b.planes(x)?;
    if b.planes(y)? != planes || b.planes(node.output)? != planes {
        return Err(unsupported(node, "Add with broadcasting", "two tensors of equal shape"));
    }
    let (left, right) = (b.fingerprints(x)?, b.fingerprints(y)?);
    let outputs = b.requantised(index, Function::Planes, &op.requantise)?;
    let constant = -(op.mx * b.zero_point(x) + op.my * b.zero_point(y));
    for (channel, ((output, x), y)) in outputs.into_iter().zip(left).zip(right).enumerate() {
        let (one, area) = (b.one(), b.area(planes.height, planes.width));
        let sum = b
            .linear(&[(op.mx, x, one), (op.my, y, one), (constant, area, one)])
            .ok_or(CircuitError::Invariant("a sum has terms"))?;
        b.copy(format!("{}: sum = output[{channel}]", node.name), sum, output);
    }
    Ok(())
}
