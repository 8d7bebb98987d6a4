//! Add of two tensors of one shape: <https://onnx.ai/onnx/operators/onnx__Add.html>, without broadcasting.

use serde::{Deserialize, Serialize};

use super::{Bounded, Evaluated, IntegerOp, Interval, OpFault, Operand, Output, exactly};
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

impl IntegerOp for Add {
    fn operands(&self) -> usize {
        2
    }

    /// Both operands and the result have one shape.
    fn output_shape(&self, inputs: &[&[usize]], _declared: &[usize]) -> Result<Vec<usize>, OpFault> {
        let [x, y] = exactly(inputs)?;
        if x == y {
            Ok(x.to_vec())
        } else {
            Err(OpFault::Shape { what: "second operand of Add", expected: x.to_vec(), got: y.to_vec() })
        }
    }

    fn output(&self) -> Output<'_> {
        Output::Requantised(&self.requantise)
    }

    fn evaluate(&self, inputs: &[Operand<'_>]) -> Result<Evaluated, OpFault> {
        let [x, y] = exactly(inputs)?;
        let (zx, zy) = (x.zero_point(), y.zero_point());
        if x.values.len() != y.values.len() {
            let (expected, got) = (x.values.len(), y.values.len());
            return Err(OpFault::Size { what: "second operand of Add", expected, got });
        }
        let pairs = x.values.iter().zip(y.values);
        Ok(pairs.map(|(x, y)| self.mx * (x - zx) + self.my * (y - zy)).collect::<Vec<_>>().into())
    }

    fn bounds(&self, _channel: usize, inputs: &[Bounded<'_>]) -> Result<Interval, OpFault> {
        let [x, y] = exactly(inputs)?;
        Ok(x.corrected().times(self.mx).and(y.corrected().times(self.my)))
    }

    fn constants(&self) -> Vec<i64> {
        vec![self.mx, self.my]
    }

    fn requantise_mut(&mut self) -> Option<&mut Requantise> {
        Some(&mut self.requantise)
    }
}
