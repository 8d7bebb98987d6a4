//! Add: `Y_c = mx (X_c - zx G) + my (Y'_c - zy G)` for every channel, an equality of plane fingerprints.
//!
//! Degree in the challenges: at most `H + W`.

use assay_models::Node;
use assay_models::ops::Add;

use super::{CircuitOp, Reading};
use crate::error::CircuitError;
use crate::pairs::pairs;
use crate::plan::Planner;

impl CircuitOp for Add {
    fn reads(&self) -> Reading {
        Reading::Fingerprints
    }

    fn lower(&self, planner: &mut Planner<'_>, index: usize, node: &Node) -> Result<(), CircuitError> {
        let [x, y] = *node.inputs.as_slice() else {
            return Err(CircuitError::Invariant("an Add has two inputs"));
        };
        let planes = planner.planes(node.output)?;
        let (left, right) = (planner.fingerprints(x, planes)?, planner.fingerprints(y, planes)?);
        let constant = -(self.mx * planner.zero_point(x)? + self.my * planner.zero_point(y)?);
        let mut sums = Vec::with_capacity(planes.channels);
        for (x, y) in pairs(&left, &right)? {
            let one = planner.one();
            let mut terms = vec![(self.mx, *x, one), (self.my, *y, one)];
            if constant != 0 {
                terms.push((constant, planner.area(planes.height, planes.width), one));
            }
            sums.push(planner.sum(vec![terms])?);
        }
        let outputs = planner.requantised_planes(index, &self.requantise)?;
        planner.equal_all(index, "sum = output", &sums, &outputs)
    }

    fn elementwise(&self) -> bool {
        true
    }
}
