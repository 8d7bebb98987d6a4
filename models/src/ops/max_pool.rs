//! Maxima of 2x2 windows. Any other window is gathered into such windows first: <https://onnx.ai/onnx/operators/onnx__MaxPool.html>.

use serde::{Deserialize, Serialize};

use super::window::planes;
use super::{Bounded, Evaluated, IntegerOp, Interval, OpFault, Operand, Output, exactly, expect_size};
use crate::requantise::Requantise;

/// `y[c, i, j] = max(x[c, 2i, 2j], x[c, 2i, 2j + 1], x[c, 2i + 1, 2j], x[c, 2i + 1, 2j + 1])`; scale and zero point unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaxPool;

impl IntegerOp for MaxPool {
    fn operands(&self) -> usize {
        1
    }

    /// `[n, c, h, w]` to `[n, c, h / 2, w / 2]`, of even `h` and `w`.
    fn output_shape(&self, inputs: &[&[usize]], _declared: &[usize]) -> Result<Vec<usize>, OpFault> {
        let [x] = exactly(inputs)?;
        let [n, c, h, w] = planes(x)?;
        expect_size("height of the planes modulo 2", 0, h % 2)?;
        expect_size("width of the planes modulo 2", 0, w % 2)?;
        Ok(vec![n, c, h / 2, w / 2])
    }

    fn output(&self) -> Output<'_> {
        Output::Elements
    }

    fn evaluate(&self, inputs: &[Operand<'_>]) -> Result<Evaluated, OpFault> {
        let [x] = exactly(inputs)?;
        self.output_shape(&[&x.info.shape], &[])?;
        let [_, _, _, w] = planes(&x.info.shape)?;
        expect_size("elements", x.info.len(), x.values.len())?;
        let rows = x.values.chunks_exact(2 * w).flat_map(|rows| {
            let (upper, lower) = rows.split_at(w);
            upper.chunks_exact(2).zip(lower.chunks_exact(2))
        });
        let maximum = |(upper, lower): (&[i64], &[i64])| upper.iter().chain(lower).copied().fold(i64::MIN, i64::max);
        Ok(rows.map(maximum).collect::<Vec<_>>().into())
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
