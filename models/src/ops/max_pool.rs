//! `MaxPool`, dilation 1: <https://onnx.ai/onnx/operators/onnx__MaxPool.html>.

use serde::{Deserialize, Serialize};

use super::window::{Window, planes};
use super::{Bounded, Evaluated, IntegerOp, Interval, OpFault, Operand, Output, exactly};
use crate::requantise::Requantise;

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
}

impl IntegerOp for MaxPool {
    fn operands(&self) -> usize {
        1
    }

    /// `[n, c, h, w]` to `[n, c, oh, ow]`, with `oh = (h + pad_top + pad_bottom - kh) / s_h + 1`.
    fn output_shape(&self, inputs: &[&[usize]], _declared: &[usize]) -> Result<Vec<usize>, OpFault> {
        let [x] = exactly(inputs)?;
        let shape = planes(x)?;
        let [oh, ow] = self.window(shape)?.output;
        Ok(vec![shape[0], shape[1], oh, ow])
    }

    fn output(&self) -> Output<'_> {
        Output::Elements
    }

    /// Maxima `[n, c, oh, ow]` of `x` `[n, c, h, w]`.
    fn evaluate(&self, inputs: &[Operand<'_>]) -> Result<Evaluated, OpFault> {
        let [x] = exactly(inputs)?;
        let shape = planes(&x.info.shape)?;
        let window = self.window(shape)?;
        let mut output = Vec::new();
        for plane in x.values.chunks_exact(shape[2] * shape[3]) {
            let mut maxima = vec![i64::MIN; window.output[0] * window.output[1]];
            window.each(|to, from| {
                if let (Some(maximum), Some(x)) = (maxima.get_mut(to), plane.get(from)) {
                    *maximum = (*maximum).max(*x);
                }
            });
            output.append(&mut maxima);
        }
        Ok(output.into())
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
