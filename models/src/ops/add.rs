//! Add of two tensors of one shape: <https://onnx.ai/onnx/operators/onnx__Add.html>, without broadcasting.

use serde::{Deserialize, Serialize};

use super::OpFault;
use crate::interval::Interval;
use crate::requantise::Requantise;

/// `acc = mx * (x - zx) + my * (y - zy)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Add {
    /// Multiplier of the first operand.
    pub mx: i64,
    /// Multiplier of the second operand.
    pub my: i64,
    /// Accumulator to output.
    pub requantise: Requantise,
}

impl Add {
    /// Both operands and the result have one shape.
    ///
    /// # Errors
    /// If they differ.
    pub fn output_shape(&self, x: &[usize], y: &[usize]) -> Result<Vec<usize>, OpFault> {
        if x == y {
            Ok(x.to_vec())
        } else {
            Err(OpFault::Shape { what: "second operand of Add", expected: x.to_vec(), got: y.to_vec() })
        }
    }

    /// Accumulators of `x` and `y` with their zero points.
    pub fn accumulate(&self, x: &[i64], y: &[i64], zx: i64, zy: i64) -> Vec<i64> {
        x.iter().zip(y).map(|(x, y)| self.mx * (x - zx) + self.my * (y - zy)).collect()
    }

    /// Bounds of the accumulators, for corrected operands in `x` and `y`.
    pub(crate) fn bounds(&self, x: Interval, y: Interval) -> Interval {
        x.times(self.mx).and(y.times(self.my))
    }
}
