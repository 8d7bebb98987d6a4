//! `AveragePool` and `GlobalAveragePool` without padding: <https://onnx.ai/onnx/operators/onnx__AveragePool.html>.

use serde::{Deserialize, Serialize};

use super::OpFault;
use super::window::{Window, planes};
use crate::interval::Interval;
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

    /// `[n, c, h, w]` to `[n, c, oh, ow]`, with `oh = (h - kh) / s_h + 1`.
    ///
    /// # Errors
    /// If the window does not fit.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, OpFault> {
        let shape = planes(input)?;
        let [oh, ow] = self.window(shape)?.output;
        Ok(vec![shape[0], shape[1], oh, ow])
    }

    /// Accumulators `[n, c, oh, ow]` of `x` `[n, c, h, w]` with zero point `zx`.
    ///
    /// # Errors
    /// As [`AveragePool::output_shape`].
    pub fn accumulate(&self, x: &[i64], input: &[usize], zx: i64) -> Result<Vec<i64>, OpFault> {
        let shape = planes(input)?;
        let window = self.window(shape)?;
        let mut acc = Vec::new();
        for plane in x.chunks_exact(shape[2] * shape[3]) {
            let mut sums = vec![0; window.output[0] * window.output[1]];
            window.each(|to, from| {
                if let (Some(sum), Some(x)) = (sums.get_mut(to), plane.get(from)) {
                    *sum += x - zx;
                }
            });
            acc.append(&mut sums);
        }
        Ok(acc)
    }

    /// Bounds of the accumulators, for corrected inputs in `x`; they hold for every partial sum.
    pub(crate) fn bounds(&self, x: Interval) -> Interval {
        x.with_zero().times(self.kernel.iter().product::<usize>() as i64)
    }
}
