//! Conv: <https://onnx.ai/onnx/operators/onnx__Conv.html>, two-dimensional, dilation 1.

use serde::{Deserialize, Serialize};

use super::OpFault;
use super::window::{Window, planes};
use crate::interval::Interval;
use crate::requantise::Requantise;
use crate::weights::{WeightValues, Weights};

/// `acc[o, i, j] = sum_{c,a,b} (x[c, s_h i + a - pad_top, s_w j + b - pad_left] - zx) * weights[o, c, a, b] + bias[o]`;
/// padding contributes 0. Then [`Requantise`] with one multiplier or one per `o`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conv {
    /// `[o, c / group, kh, kw]` row-major, weight zero point already subtracted (9-bit).
    pub weights: Weights,
    /// `[o, c / group, kh, kw]`.
    pub weights_shape: [usize; 4],
    /// `[o]`.
    pub bias: Vec<i64>,
    /// `[s_h, s_w]`.
    pub strides: [usize; 2],
    /// `[top, left, bottom, right]`.
    pub pads: [usize; 4],
    /// Channel groups.
    pub group: usize,
    /// Accumulator to output.
    pub requantise: Requantise,
}

impl Conv {
    fn window(&self, shape: [usize; 4]) -> Result<Window, OpFault> {
        let [_, _, kh, kw] = self.weights_shape;
        Window::new([shape[2], shape[3]], [kh, kw], self.strides, self.pads)
    }

    /// `[n, c, h, w]` to `[n, o, oh, ow]`, with `oh = (h + pad_top + pad_bottom - kh) / s_h + 1`.
    ///
    /// # Errors
    /// If shape, weights, bias, groups and window do not fit together.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, OpFault> {
        let shape = planes(input)?;
        let [o, c, kh, kw] = self.weights_shape;
        let window = self.window(shape)?;
        super::expect_size("group", self.group.max(1), self.group)?;
        super::expect_size("output channels", o.max(1), o)?;
        super::expect_size("input channels of a group", c.max(1), c)?;
        super::expect_size("channels of the input / group", c, shape[1] / self.group)?;
        super::expect_size("channels of the input", super::elements(&[c, self.group])?, shape[1])?;
        super::expect_size("output channels modulo group", 0, o % self.group)?;
        super::expect_size("weights", super::elements(&[o, c, kh, kw])?, self.weights.len())?;
        super::expect_size("bias", o, self.bias.len())?;
        Ok(vec![shape[0], o, window.output[0], window.output[1]])
    }

    /// Accumulators `[n, o, oh, ow]` of `x` `[n, c, h, w]` with zero point `zx`.
    ///
    /// # Errors
    /// As [`Conv::output_shape`].
    pub fn accumulate(&self, x: &[i64], input: &[usize], zx: i64) -> Result<Vec<i64>, OpFault> {
        self.output_shape(input)?;
        let shape = planes(input)?;
        let corrected: Vec<i64> = x.iter().map(|v| v - zx).collect();
        match self.weights.values() {
            WeightValues::Bytes(weights) => self.convolve(&corrected, shape, weights),
            WeightValues::Words(weights) => self.convolve(&corrected, shape, weights),
        }
    }

    fn convolve<W: Copy + Into<i64>>(
        &self,
        corrected: &[i64],
        shape: [usize; 4],
        weights: &[W],
    ) -> Result<Vec<i64>, OpFault> {
        let window = self.window(shape)?;
        let [o, c, kh, kw] = self.weights_shape;
        let (plane, kernel) = (shape[2] * shape[3], kh * kw);
        let mut acc = Vec::with_capacity(shape[0] * o * window.output[0] * window.output[1]);
        for image in corrected.chunks_exact(shape[1] * plane) {
            for (channel, weights) in weights.chunks_exact(c * kernel).enumerate() {
                let first = channel / (o / self.group) * c;
                let planes = image.chunks_exact(plane).skip(first);
                let bias = self.bias.get(channel).copied().unwrap_or(0);
                let mut sums = vec![bias; window.output[0] * window.output[1]];
                for (plane, weights) in planes.zip(weights.chunks_exact(kernel)) {
                    add_plane(&mut sums, plane, shape[3], weights, kw, &window);
                }
                acc.append(&mut sums);
            }
        }
        Ok(acc)
    }

    /// Bounds of the accumulators of output channel `o`, for corrected inputs in `x`; they hold for every partial sum.
    pub(crate) fn bounds(&self, channel: usize, x: Interval) -> Interval {
        let terms = self.weights.len() / self.weights_shape[0].max(1);
        Interval::dot(self.weights.values().row(channel, terms), x).plus(self.bias.get(channel).copied().unwrap_or(0))
    }
}

/// Adds one input channel's contribution to the sums of one output channel.
fn add_plane<W: Copy + Into<i64>>(
    sums: &mut [i64],
    plane: &[i64],
    width: usize,
    weights: &[W],
    kw: usize,
    window: &Window,
) {
    for (i, row) in sums.chunks_exact_mut(window.output[1]).enumerate() {
        let (rows, y) = window.taps(0, i);
        for (j, sum) in row.iter_mut().enumerate() {
            let (columns, x) = window.taps(1, j);
            let weights = weights.chunks_exact(kw).skip(rows.start).take(rows.len());
            for (line, weights) in plane.chunks_exact(width).skip(y).zip(weights) {
                let taps = weights.iter().skip(columns.start).take(columns.len());
                *sum += line.iter().skip(x).zip(taps).map(|(x, w)| x * (*w).into()).sum::<i64>();
            }
        }
    }
}
