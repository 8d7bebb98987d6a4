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

    /// Sums without bias over the *full* plane, `[n, o, h + kh - 1, w + kw - 1]`: every window that meets the input, as a proof
    /// commits them. Empty where a stride is not 1.
    ///
    /// # Errors
    /// As [`Conv::output_shape`].
    pub fn full_plane(&self, x: &[i64], input: &[usize], zx: i64) -> Result<Vec<i64>, OpFault> {
        self.output_shape(input)?;
        if self.strides != [1, 1] {
            return Ok(Vec::new());
        }
        let (shape, [_, _, kh, kw]) = (planes(input)?, self.weights_shape);
        let pads = [kh - 1, kw - 1, kh - 1, kw - 1];
        self.sums(x, shape, zx, &Window::new([shape[2], shape[3]], [kh, kw], self.strides, pads)?)
    }

    /// Accumulators `[n, o, oh, ow]` of `x` `[n, c, h, w]` with zero point `zx`, given [`Conv::full_plane`] of the same `x`: the
    /// wanted rectangle of the full plane plus the bias, or a convolution of its own where a stride is not 1.
    ///
    /// # Errors
    /// As [`Conv::output_shape`]; another size of the full plane.
    pub fn accumulate(&self, x: &[i64], input: &[usize], zx: i64, full: &[i64]) -> Result<Vec<i64>, OpFault> {
        self.output_shape(input)?;
        let shape = planes(input)?;
        let window = self.window(shape)?;
        let [o, _, kh, kw] = self.weights_shape;
        let [height, width] = window.output;
        let mut acc = if self.strides == [1, 1] {
            let (full_h, full_w) = (shape[2] + kh - 1, shape[3] + kw - 1);
            super::expect_size("full plane", shape[0] * o * full_h * full_w, full.len())?;
            let (top, left) = (kh - 1 - self.pads[0], kw - 1 - self.pads[1]);
            let wanted = |plane: &[i64]| -> Vec<i64> {
                let rows = plane.chunks_exact(full_w).skip(top).take(height);
                rows.flat_map(|row| row.iter().skip(left).take(width).copied()).collect()
            };
            full.chunks_exact(full_h * full_w).flat_map(wanted).collect()
        } else {
            self.sums(x, shape, zx, &window)?
        };
        let channels = acc.chunks_exact_mut(height * width);
        channels.zip(self.bias.iter().cycle()).for_each(|(sums, bias)| sums.iter_mut().for_each(|sum| *sum += bias));
        Ok(acc)
    }

    /// `[n, o, oh, ow]` sums of products of the windows of a stride and padding.
    fn sums(&self, x: &[i64], shape: [usize; 4], zx: i64, window: &Window) -> Result<Vec<i64>, OpFault> {
        super::expect_size("elements", shape.iter().product(), x.len())?;
        let corrected: Vec<i64> = x.iter().map(|v| v - zx).collect();
        Ok(match self.weights.values() {
            WeightValues::Bytes(weights) => self.convolve(&corrected, shape, weights, window),
            WeightValues::Words(weights) => self.convolve(&corrected, shape, weights, window),
        })
    }

    fn convolve<W: Copy + Into<i64>>(
        &self,
        corrected: &[i64],
        shape: [usize; 4],
        weights: &[W],
        window: &Window,
    ) -> Vec<i64> {
        let [o, c, kh, kw] = self.weights_shape;
        let (plane, kernel) = (shape[2] * shape[3], kh * kw);
        let mut acc = Vec::with_capacity(shape[0] * o * window.output[0] * window.output[1]);
        for image in corrected.chunks_exact(shape[1] * plane) {
            for (channel, weights) in weights.chunks_exact(c * kernel).enumerate() {
                let first = channel / (o / self.group) * c;
                let planes = image.chunks_exact(plane).skip(first);
                let mut sums = vec![0; window.output[0] * window.output[1]];
                for (plane, weights) in planes.zip(weights.chunks_exact(kernel)) {
                    add_plane(&mut sums, plane, shape[3], weights, kw, window);
                }
                acc.append(&mut sums);
            }
        }
        acc
    }

    /// Bounds of the accumulators of output channel `o`, for corrected inputs in `x`; they hold for every partial sum. `None` without
    /// a bias and all weights of the channel.
    pub(crate) fn bounds(&self, channel: usize, x: Interval) -> Option<Interval> {
        let [_, c, kh, kw] = self.weights_shape;
        let terms = super::elements(&[c, kh, kw]).ok()?;
        let row = self.weights.values().row(channel, terms);
        let bias = self.bias.get(channel).filter(|_| row.len() == terms)?;
        Some(Interval::dot(row, x).plus(*bias))
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
