//! Relu, Clip or a change of scale on its own: `QuantizeLinear` of a quantised tensor.

use serde::{Deserialize, Serialize};

use super::{Bounded, Evaluated, IntegerOp, Interval, OpFault, Operand, Output, exactly};
use crate::requantise::Requantise;

/// `acc = x - zx`, requantised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rescale {
    /// Accumulator to output.
    pub requantise: Requantise,
}

impl IntegerOp for Rescale {
    fn operands(&self) -> usize {
        1
    }

    fn output_shape(&self, inputs: &[&[usize]], _declared: &[usize]) -> Result<Vec<usize>, OpFault> {
        let [x] = exactly(inputs)?;
        Ok(x.to_vec())
    }

    fn output(&self) -> Output<'_> {
        Output::Requantised(&self.requantise)
    }

    fn evaluate(&self, inputs: &[Operand<'_>]) -> Result<Evaluated, OpFault> {
        let [x] = exactly(inputs)?;
        let zx = x.zero_point();
        Ok(x.values.iter().map(|x| x - zx).collect::<Vec<_>>().into())
    }

    fn bounds(&self, _channel: usize, inputs: &[Bounded<'_>]) -> Result<Interval, OpFault> {
        let [x] = exactly(inputs)?;
        Ok(x.corrected())
    }

    fn constants(&self) -> Vec<i64> {
        Vec::new()
    }

    fn requantise_mut(&mut self) -> Option<&mut Requantise> {
        Some(&mut self.requantise)
    }
}
