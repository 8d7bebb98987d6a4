//! Add: `Y_c = mx (X_c - zx G) + my (Y'_c - zy G)` for every channel, an equality of plane fingerprints.
//!
//! Degree in the challenges: at most `H + W`.

use assay_models::Node;
use assay_models::ops::Add;

use crate::error::CircuitError;
use crate::layout::{Builder, Function, pairs};

/// Commits the outputs and ties them to both operands.
pub(crate) fn lay_out(b: &mut Builder<'_>, index: usize, node: &Node, op: &Add) -> Result<(), CircuitError> {
    let [x, y] = *node.inputs.as_slice() else {
        return Err(CircuitError::Invariant("an Add has two inputs"));
    };
    let planes = b.planes(node.output)?;
    let (left, right) = (b.fingerprints(x, planes)?, b.fingerprints(y, planes)?);
    let constant = -(op.mx * b.zero_point(x)? + op.my * b.zero_point(y)?);
    let mut sums = Vec::with_capacity(planes.channels);
    for (x, y) in pairs(&left, &right)? {
        let one = b.one();
        let mut terms = vec![(op.mx, *x, one), (op.my, *y, one)];
        if constant != 0 {
            terms.push((constant, b.area(planes.height, planes.width), one));
        }
        let sum = b.linear(&terms);
        sums.push(sum.ok_or(CircuitError::Invariant("a sum has terms"))?);
    }
    let outputs = b.requantised(index, Function::Planes, &op.requantise)?;
    b.copy_all(&format!("{}: sum = output", node.name), &sums, &outputs)
}
