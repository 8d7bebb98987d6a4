//! `ArgMax`, `select_last_index = 0`: <https://onnx.ai/onnx/operators/onnx__ArgMax.html>.

use serde::{Deserialize, Serialize};

use super::{Bounded, Evaluated, IntegerOp, Interval, OpFault, Operand, Output, exactly};
use crate::requantise::Requantise;

/// Index of the largest element along an axis; the lowest index wins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArgMax {
    /// Axis, batch axis included.
    pub axis: usize,
    /// Whether the axis stays with length 1.
    pub keepdims: bool,
}

impl ArgMax {
    fn length(&self, input: &[usize]) -> Result<usize, OpFault> {
        match input.get(self.axis) {
            Some(length) if *length > 0 => Ok(*length),
            _ => Err(OpFault::Axes { axes: vec![self.axis as i64], rank: input.len() }),
        }
    }
}

impl IntegerOp for ArgMax {
    fn operands(&self) -> usize {
        1
    }

    /// The operand's shape with the axis of length 1, or without it.
    fn output_shape(&self, inputs: &[&[usize]], _declared: &[usize]) -> Result<Vec<usize>, OpFault> {
        let [x] = exactly(inputs)?;
        self.length(x)?;
        let axes = x.iter().copied().enumerate();
        Ok(if self.keepdims {
            axes.map(|(axis, size)| if axis == self.axis { 1 } else { size }).collect()
        } else {
            axes.filter(|(axis, _)| *axis != self.axis).map(|(_, size)| size).collect()
        })
    }

    fn output(&self) -> Output<'_> {
        Output::Indices
    }

    /// Index of the maximum of each line along the axis.
    fn evaluate(&self, inputs: &[Operand<'_>]) -> Result<Evaluated, OpFault> {
        let [x] = exactly(inputs)?;
        let length = self.length(&x.info.shape)?;
        let inner: usize = x.info.shape.iter().skip(self.axis + 1).product();
        let mut indices = Vec::new();
        for block in x.values.chunks_exact((length * inner).max(1)) {
            for offset in 0..inner {
                let line = block.iter().skip(offset).step_by(inner).enumerate();
                let best = line.fold((0, i64::MIN), |best, (at, x)| if *x > best.1 { (at, *x) } else { best });
                indices.push(best.0 as i64);
            }
        }
        Ok(indices.into())
    }

    fn bounds(&self, _channel: usize, inputs: &[Bounded<'_>]) -> Result<Interval, OpFault> {
        let [x] = exactly(inputs)?;
        Ok(Interval::of(0, self.length(&x.info.shape)? as i64 - 1))
    }

    fn constants(&self) -> Vec<i64> {
        Vec::new()
    }

    fn requantise_mut(&mut self) -> Option<&mut Requantise> {
        None
    }
}
