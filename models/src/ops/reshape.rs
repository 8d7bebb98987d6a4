//! Flatten, Reshape, Squeeze, Unsqueeze, Identity: the same elements in the same order under another shape.

use serde::{Deserialize, Serialize};

use super::{Bounded, Evaluated, IntegerOp, Interval, OpFault, Operand, Output, elements, exactly};
use crate::requantise::Requantise;

/// Nothing but another shape, which the graph declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reshape;

impl IntegerOp for Reshape {
    fn operands(&self) -> usize {
        1
    }

    /// The declared shape, if it holds as many elements as the operand.
    fn output_shape(&self, inputs: &[&[usize]], declared: &[usize]) -> Result<Vec<usize>, OpFault> {
        let [x] = exactly(inputs)?;
        if elements(x)? == elements(declared)? {
            Ok(declared.to_vec())
        } else {
            Err(OpFault::Shape { what: "result of Reshape", expected: x.to_vec(), got: declared.to_vec() })
        }
    }

    fn output(&self) -> Output<'_> {
        Output::Elements
    }

    fn evaluate(&self, inputs: &[Operand<'_>]) -> Result<Evaluated, OpFault> {
        let [x] = exactly(inputs)?;
        Ok(x.values.to_vec().into())
    }

    fn bounds(&self, _channel: usize, inputs: &[Bounded<'_>]) -> Result<Interval, OpFault> {
        let [x] = exactly(inputs)?;
        Ok(x.elements)
    }

    fn constants(&self) -> Vec<i64> {
        Vec::new()
    }

    fn requantise_mut(&mut self) -> Option<&mut Requantise> {
        None
    }
}
