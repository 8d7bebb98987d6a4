//! `AveragePool` and `GlobalAveragePool` without padding: <https://onnx.ai/onnx/operators/onnx__AveragePool.html>.

use serde::{Deserialize, Serialize};

use super::window::{Window, planes};
use super::{Bounded, Evaluated, IntegerOp, Interval, OpFault, Operand, Output, exactly};
use crate::requantise::Requantise;

/// `acc = sum over the window of (x - zx)`; the division by the window is part of `requantise` (`D = N * 2^s`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AveragePool {
    /// `[kh, kw]`.
    pub kernel: [usize; 2],
    /// `[s_h, s_w]`.
    pub strides: [usize; 2],
    /// Accumulator to output.
    pub requantise: Requantise,
}

impl AveragePool {
    fn window(&self, shape: [usize; 4]) -> Result<Window, OpFault> {
        Window::new([shape[2], shape[3]], self.kernel, self.strides, [0; 4])
    }
}

impl IntegerOp for AveragePool {
    fn operands(&self) -> usize {
        1
    }

    /// `[n, c, h, w]` to `[n, c, oh, ow]`, with `oh = (h - kh) / s_h + 1`.
    fn output_shape(&self, inputs: &[&[usize]], _declared: &[usize]) -> Result<Vec<usize>, OpFault> {
        let [x] = exactly(inputs)?;
        let shape = planes(x)?;
        let [oh, ow] = self.window(shape)?.output;
        Ok(vec![shape[0], shape[1], oh, ow])
    }

    fn output(&self) -> Output<'_> {
        Output::Requantised(&self.requantise)
    }

    /// Accumulators `[n, c, oh, ow]` of `x` `[n, c, h, w]`.
    fn evaluate(&self, inputs: &[Operand<'_>]) -> Result<Evaluated, OpFault> {
        let [x] = exactly(inputs)?;
        let (shape, zx) = (planes(&x.info.shape)?, x.zero_point());
        let window = self.window(shape)?;
        let mut acc = Vec::new();
        for plane in x.values.chunks_exact(shape[2] * shape[3]) {
            let mut sums = vec![0; window.output[0] * window.output[1]];
            window.each(|to, from| {
                if let (Some(sum), Some(x)) = (sums.get_mut(to), plane.get(from)) {
                    *sum += x - zx;
                }
            });
            acc.append(&mut sums);
        }
        Ok(acc.into())
    }

    fn bounds(&self, _channel: usize, inputs: &[Bounded<'_>]) -> Result<Interval, OpFault> {
        let [x] = exactly(inputs)?;
        Ok(x.corrected().with_zero().times(self.kernel.iter().product::<usize>() as i64))
    }

    fn constants(&self) -> Vec<i64> {
        Vec::new()
    }

    fn requantise_mut(&mut self) -> Option<&mut Requantise> {
        Some(&mut self.requantise)
    }
}
