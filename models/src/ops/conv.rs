//! Conv: <https://onnx.ai/onnx/operators/onnx__Conv.html>, two-dimensional, stride and dilation 1. Strides and
//! dilations are planes and kernels of another shape, which the importer makes.

use serde::{Deserialize, Serialize};

use super::window::{Window, planes};
use super::{Bounded, Evaluated, IntegerOp, Interval, OpFault, Operand, Output, elements, exactly, expect_size};
use crate::requantise::Requantise;
use crate::weights::{WeightValues, Weights};

/// `acc[o, i, j] = sum_{c,a,b} (x[c, i + a - pad_top, j + b - pad_left] - zx) * weights[o, c, a, b] + bias[o]`, `c` over the channels of the
/// group of `o`; padding contributes 0. Then [`Requantise`] with one multiplier or one per `o`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conv {
    /// `[o, c / group, kh, kw]` row-major, weight zero point already subtracted (9-bit).
    pub weights: Weights,
    /// `[o, c / group, kh, kw]`.
    pub weights_shape: [usize; 4],
    /// `[o]`.
    pub bias: Vec<i64>,
    /// `[top, left, bottom, right]`.
    pub pads: [usize; 4],
    /// Channel groups.
    pub group: usize,
    /// Accumulator to output.
    pub requantise: Requantise,
}

impl IntegerOp for Conv {
    fn operands(&self) -> usize {
        1
    }

    /// `[n, c, h, w]` to `[n, o, oh, ow]`, with `oh = h + pad_top + pad_bottom - kh + 1`.
    fn output_shape(&self, inputs: &[&[usize]], _declared: &[usize]) -> Result<Vec<usize>, OpFault> {
        let [x] = exactly(inputs)?;
        let shape = planes(x)?;
        let [o, c, kh, kw] = self.weights_shape;
        let window = self.window(shape)?;
        expect_size("group", self.group.max(1), self.group)?;
        expect_size("output channels", o.max(1), o)?;
        expect_size("input channels of a group", c.max(1), c)?;
        expect_size("channels of the input / group", c, shape[1] / self.group)?;
        expect_size("channels of the input", elements(&[c, self.group])?, shape[1])?;
        expect_size("output channels modulo group", 0, o % self.group)?;
        expect_size("weights", elements(&[o, c, kh, kw])?, self.weights.len())?;
        expect_size("bias", o, self.bias.len())?;
        // The full plane, which is evaluated, may be far larger than the wanted rectangle of it.
        elements(&[shape[0], o, shape[2] + kh - 1, shape[3] + kw - 1])?;
        Ok(vec![shape[0], o, window.output[0], window.output[1]])
    }

    fn output(&self) -> Output<'_> {
        Output::Requantised(&self.requantise)
    }

    /// Accumulators `[n, o, oh, ow]` of `x` `[n, c, h, w]`: a rectangle of the full plane, plus the bias.
    fn evaluate(&self, inputs: &[Operand<'_>]) -> Result<Evaluated, OpFault> {
        let [x] = exactly(inputs)?;
        self.output_shape(&[&x.info.shape], &[])?;
        let shape = planes(&x.info.shape)?;
        expect_size("elements", shape.iter().product(), x.values.len())?;
        let corrected: Vec<i64> = x.values.iter().map(|value| value - x.zero_point()).collect();
        let window = self.window(shape)?;
        let [_, _, kh, kw] = self.weights_shape;
        let full = Window::new([shape[2], shape[3]], [kh, kw], [kh - 1, kw - 1, kh - 1, kw - 1])?;
        let full_plane = self.sums(&corrected, shape, &full);
        let (top, left) = (kh - 1 - self.pads[0], kw - 1 - self.pads[1]);
        let mut acc = rectangle(&full_plane, full.output, [top, left], window.output);
        let channels = acc.chunks_exact_mut(window.output.iter().product());
        channels.zip(self.bias.iter().cycle()).for_each(|(sums, bias)| sums.iter_mut().for_each(|sum| *sum += bias));
        Ok(Evaluated { elements: acc, full_plane })
    }

    fn bounds(&self, channel: usize, inputs: &[Bounded<'_>]) -> Result<Interval, OpFault> {
        let [x] = exactly(inputs)?;
        let [_, c, kh, kw] = self.weights_shape;
        let terms = elements(&[c, kh, kw])?;
        let row = self.weights.values().row(channel, terms);
        let bias = self.bias.get(channel).filter(|_| row.len() == terms);
        Ok(Interval::dot(row, x.corrected()).plus(*bias.ok_or(OpFault::Incomplete { channel })?))
    }

    fn constants(&self) -> Vec<i64> {
        self.bias.clone()
    }

    fn requantise_mut(&mut self) -> Option<&mut Requantise> {
        Some(&mut self.requantise)
    }

    fn channels(&self) -> usize {
        self.weights_shape[0]
    }

    fn channel(&self, element: usize, shape: &[usize]) -> usize {
        let plane: usize = shape.iter().skip(2).product();
        element / plane.max(1) % self.weights_shape[0].max(1)
    }

    fn parameters(&self) -> usize {
        self.weights.len() + self.bias.len()
    }
}

impl Conv {
    fn window(&self, shape: [usize; 4]) -> Result<Window, OpFault> {
        let [_, _, kh, kw] = self.weights_shape;
        Window::new([shape[2], shape[3]], [kh, kw], self.pads)
    }

    /// `[n, o, oh, ow]` sums of products of the windows of a padding, without bias.
    fn sums(&self, corrected: &[i64], shape: [usize; 4], window: &Window) -> Vec<i64> {
        match self.weights.values() {
            WeightValues::Bytes(weights) => self.convolve(corrected, shape, weights, window),
            WeightValues::Words(weights) => self.convolve(corrected, shape, weights, window),
        }
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
}

/// The rectangle of `[height, width]` from `[top, left]` on of every plane.
fn rectangle(
    planes: &[i64],
    [rows, columns]: [usize; 2],
    [top, left]: [usize; 2],
    [height, width]: [usize; 2],
) -> Vec<i64> {
    let part = |plane: &[i64]| -> Vec<i64> {
        let lines = plane.chunks_exact(columns).skip(top).take(height);
        lines.flat_map(|line| line.iter().skip(left).take(width).copied()).collect()
    };
    planes.chunks_exact(rows * columns).flat_map(part).collect()
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
