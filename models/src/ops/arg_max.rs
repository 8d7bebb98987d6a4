//! `ArgMax`, `select_last_index = 0`: <https://onnx.ai/onnx/operators/onnx__ArgMax.html>.

use serde::{Deserialize, Serialize};

use super::OpFault;

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

    /// The operand's shape with the axis of length 1, or without it.
    ///
    /// # Errors
    /// If the operand has no such axis.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, OpFault> {
        self.length(input)?;
        let axes = input.iter().copied().enumerate();
        Ok(if self.keepdims {
            axes.map(|(axis, size)| if axis == self.axis { 1 } else { size }).collect()
        } else {
            axes.filter(|(axis, _)| *axis != self.axis).map(|(_, size)| size).collect()
        })
    }

    /// Bounds of the index.
    pub(crate) fn bounds(&self, input: &[usize]) -> Result<(i64, i64), OpFault> {
        Ok((0, self.length(input)? as i64 - 1))
    }

    /// Index of the maximum of each line along the axis.
    ///
    /// # Errors
    /// If the operand has no such axis.
    pub fn evaluate(&self, x: &[i64], input: &[usize]) -> Result<Vec<i64>, OpFault> {
        let length = self.length(input)?;
        let inner: usize = input.iter().skip(self.axis + 1).product();
        let mut indices = Vec::new();
        for block in x.chunks_exact((length * inner).max(1)) {
            for offset in 0..inner {
                let line = block.iter().skip(offset).step_by(inner).enumerate();
                let best = line.fold((0, i64::MIN), |best, (at, x)| if *x > best.1 { (at, *x) } else { best });
                indices.push(best.0 as i64);
            }
        }
        Ok(indices)
    }
}
