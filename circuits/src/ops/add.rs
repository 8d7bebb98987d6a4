//! Add: `Y_c = mx (X_c - zx G) + my (Y'_c - zy G)` for every channel, an equality of plane fingerprints.
//!
//! Degree in the challenges: at most `H + W`.

use assay_models::Node;
use assay_models::ops::Add;

use super::{CircuitOp, Reading};
use crate::error::CircuitError;
use crate::layout::{Builder, Function, pairs};

impl CircuitOp for Add {
    fn reads(&self) -> Reading {
        Reading::Fingerprints
    }

    /// Commits the outputs and ties them to both operands.
    fn lay_out(&self, b: &mut Builder<'_>, index: usize, node: &Node) -> Result<(), CircuitError> {
        let [x, y] = *node.inputs.as_slice() else {
            return Err(CircuitError::Invariant("an Add has two inputs"));
        };
        let planes = b.planes(node.output)?;
        let (left, right) = (b.fingerprints(x, planes)?, b.fingerprints(y, planes)?);
        let constant = -(self.mx * b.zero_point(x)? + self.my * b.zero_point(y)?);
        let mut sums = Vec::with_capacity(planes.channels);
        for (x, y) in pairs(&left, &right)? {
            let one = b.one();
            let mut terms = vec![(self.mx, *x, one), (self.my, *y, one)];
            if constant != 0 {
                terms.push((constant, b.area(planes.height, planes.width), one));
            }
            let sum = b.linear(&terms);
            sums.push(sum.ok_or(CircuitError::Invariant("a sum has terms"))?);
        }
        let outputs = b.requantised(index, Function::Planes, &self.requantise)?;
        b.copy_all(&format!("{}: sum = output", node.name), &sums, &outputs)
    }

    fn elementwise(&self) -> bool {
        true
    }
}
