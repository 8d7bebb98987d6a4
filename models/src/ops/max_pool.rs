//! `MaxPool`, dilation 1: <https://onnx.ai/onnx/operators/onnx__MaxPool.html>.

use serde::{Deserialize, Serialize};

use super::OpFault;
use super::window::{Window, planes};

/// Maximum of each window; scale and zero point unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaxPool {
    /// `[kh, kw]`.
    pub kernel: [usize; 2],
    /// `[s_h, s_w]`.
    pub strides: [usize; 2],
    /// `[top, left, bottom, right]`; padding never wins.
    pub pads: [usize; 4],
}

impl MaxPool {
    fn window(&self, shape: [usize; 4]) -> Result<Window, OpFault> {
        Window::new([shape[2], shape[3]], self.kernel, self.strides, self.pads)
    }

    /// `[n, c, h, w]` to `[n, c, oh, ow]`, with `oh = (h + pad_top + pad_bottom - kh) / s_h + 1`.
    ///
    /// # Errors
    /// If the window does not fit.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, OpFault> {
        let shape = planes(input)?;
        let [oh, ow] = self.window(shape)?.output;
        Ok(vec![shape[0], shape[1], oh, ow])
    }

    /// Maxima `[n, c, oh, ow]` of `x` `[n, c, h, w]`.
    ///
    /// # Errors
    /// As [`MaxPool::output_shape`].
    pub fn evaluate(&self, x: &[i64], input: &[usize]) -> Result<Vec<i64>, OpFault> {
        let shape = planes(input)?;
        let window = self.window(shape)?;
        let mut output = Vec::new();
        for plane in x.chunks_exact(shape[2] * shape[3]) {
            let mut maxima = vec![i64::MIN; window.output[0] * window.output[1]];
            window.each(|to, from| {
                if let (Some(maximum), Some(x)) = (maxima.get_mut(to), plane.get(from)) {
                    *maximum = (*maximum).max(*x);
                }
            });
            output.append(&mut maxima);
        }
        Ok(output)
    }
}
