//! Conv: `sum_o r^o Y_o(z_h, z_w) = sum_c (X_c - zx G)(z_h, z_w) * sum_o r^o K_oc(z_h, z_w) + bias` over the *full*
//! convolution plane, `K` flipped by the order of its taps. The wanted outputs are a rectangle of that plane; the ring
//! around it is committed as free accumulators bound by the same identity.
//!
//! Degree in the challenges: at most `(H + kh) + (W + kw) + O`. No im2col, no product per multiply-add.

use assay_models::ops::Conv;
use assay_models::{Node, WeightValues};

use super::{CircuitOp, Reading};
use crate::columns::{Advice, Fixed};
use crate::error::CircuitError;
use crate::layout::{Builder, Function, Planes, Values, Wire, unsupported};

/// The full convolution plane and the rectangle of it that the op wants.
#[derive(Clone, Copy, Debug)]
struct FullPlane {
    height: usize,
    width: usize,
    /// First wanted row and column, wanted height and width.
    wanted: [usize; 4],
}

impl FullPlane {
    /// `Hf = H + kh - 1`; the wanted rectangle starts at `kh - 1 - pad_top`. `None` where padding reaches the kernel size.
    fn new(op: &Conv, input: Planes) -> Option<Self> {
        let [_, _, kernel_h, kernel_w] = op.weights_shape;
        let [top, left, bottom, right] = op.pads;
        let inside = top < kernel_h && bottom < kernel_h && left < kernel_w && right < kernel_w;
        let (height, width) = (input.height + kernel_h - 1, input.width + kernel_w - 1);
        let wanted_h = (input.height + top + bottom + 1).checked_sub(kernel_h)?;
        let wanted_w = (input.width + left + right + 1).checked_sub(kernel_w)?;
        (inside && wanted_h > 0 && wanted_w > 0).then_some(Self {
            height,
            width,
            wanted: [kernel_h - 1 - top, kernel_w - 1 - left, wanted_h, wanted_w],
        })
    }

    /// The ring: up to four rectangles `[i, j, h, w]`.
    fn ring(&self) -> impl Iterator<Item = [usize; 4]> + use<> {
        let [i0, j0, h, w] = self.wanted;
        let (below, beside) = (self.height - i0 - h, self.width - j0 - w);
        [[0, 0, i0, self.width], [i0, 0, h, j0], [i0, j0 + w, h, beside], [i0 + h, 0, below, self.width]]
            .into_iter()
            .filter(|[_, _, h, w]| h * w > 0)
    }

    /// Exponents of `z_h` and `z_w` that move a rectangle's own fingerprint to its place.
    const fn offset(&self, [i, j, h, w]: [usize; 4]) -> [usize; 2] {
        [self.height - i - h, self.width - j - w]
    }
}

impl CircuitOp for Conv {
    fn refusal(&self, node: &Node, _input: Option<Planes>) -> Option<CircuitError> {
        if self.strides != [1, 1] {
            let what = format!("Conv with strides {:?}", self.strides);
            return Some(unsupported(node, what, "strides [1, 1] (then MaxPool)"));
        }
        let expected = "group 1: one Conv whose weights between groups are 0 computes the same";
        (self.group != 1).then(|| unsupported(node, format!("Conv with group {}", self.group), expected))
    }

    fn reads(&self) -> Reading {
        Reading::Fingerprints
    }

    /// Commits taps, bias, outputs and ring, and ties both sides.
    fn lay_out(&self, b: &mut Builder<'_>, index: usize, node: &Node) -> Result<(), CircuitError> {
        let source = *node.inputs.first().ok_or(CircuitError::Invariant("a Conv has an input"))?;
        let input = b.image(source)?;
        let Some(full) = FullPlane::new(self, input) else {
            return Err(unsupported(
                node,
                format!("Conv with pads {:?}", self.pads),
                "padding smaller than the kernel",
            ));
        };
        let sum = right_side(b, index, node, self, source, &full)?;
        let [_, _, height, width] = full.wanted;
        if b.planes(node.output)? != (Planes { channels: self.weights_shape[0], height, width }) {
            return Err(CircuitError::Invariant("a Conv's outputs are laid in the planes of its shape"));
        }
        let outputs = b.requantised(index, Function::Planes, &self.requantise)?;
        let mut left = Vec::with_capacity(outputs.len());
        for (channel, core) in outputs.into_iter().enumerate() {
            let mut parts = vec![(full.wanted, core)];
            for rectangle in full.ring() {
                parts.push((rectangle, b.ring(index, channel, [full.height, full.width], rectangle)));
            }
            left.push(parts);
        }
        let mut terms = Vec::with_capacity(left.len());
        for parts in left {
            let mut channel = Vec::with_capacity(parts.len());
            for (rectangle, cell) in parts {
                let [rows, columns] = full.offset(rectangle);
                channel.push((cell, b.offset(rows, columns)));
            }
            terms.push(channel);
        }
        let left = b.channel_sum(&terms).ok_or(CircuitError::Invariant("a Conv has outputs"))?;
        b.copy(format!("{}: weights side = outputs side", node.name), sum, left);
        Ok(())
    }

    fn weights(&self) -> Option<WeightValues<'_>> {
        Some(self.weights.values())
    }

    /// Rows of the kernel taps and of the bias.
    fn weight_rows(&self, lanes: usize) -> usize {
        let [outputs, channels, height, width] = self.weights_shape;
        (channels * height * width + 1) * outputs.div_ceil(lanes)
    }

    /// Rows of the ring, where the window can be proved.
    fn ring_rows(&self, input: &[usize]) -> usize {
        let full = Planes::of_shape(input).and_then(|input| FullPlane::new(self, input));
        full.map_or(0, |full| self.weights_shape[0] * full.ring().map(|[_, _, h, w]| h * w).sum::<usize>())
    }
}

/// The right side: taps of every input channel times its operand, then the bias. Returns the last p cell.
fn right_side(
    b: &mut Builder<'_>,
    index: usize,
    node: &Node,
    op: &Conv,
    source: assay_models::TensorId,
    full: &FullPlane,
) -> Result<Wire, CircuitError> {
    let [outputs, channels, kernel_h, kernel_w] = op.weights_shape;
    let zero_point = b.zero_point(source)?;
    let input = b.image(source)?;
    let fingerprints = b.fingerprints(source, input)?;
    if fingerprints.len() != channels {
        return Err(CircuitError::Unpaired { left: fingerprints.len(), right: channels });
    }
    for (channel, fingerprint) in fingerprints.into_iter().enumerate() {
        let operand = b.centred(fingerprint, zero_point, input)?;
        for row in 0..kernel_h {
            for tap in (0..kernel_w).rev() {
                let segment = b.segment(outputs, channel == 0 && row == 0 && tap + 1 == kernel_w);
                let (offset, stride) = ((channel * kernel_h + row) * kernel_w + tap, channels * kernel_h * kernel_w);
                b.fill(1, outputs, Values::Weights { node: index, offset, stride });
                let starts_row = tap + 1 == kernel_w;
                b.set(segment.last, Fixed::Take, 1);
                b.flag(segment.last, Fixed::Step, !starts_row);
                b.flag(segment.last, Fixed::Product, tap == 0);
                for at in segment.first..=segment.last {
                    let starts = starts_row && at == segment.first;
                    b.flag(at, Fixed::KeepU, !starts);
                    b.flag(at, Fixed::StepU, starts && row > 0);
                }
                if starts_row && row == 0 {
                    let name = format!("{}: u = input[{channel}]", node.name);
                    b.copy(name, Wire::Advice(Advice::U, segment.first), operand);
                }
            }
        }
    }
    let segment = b.segment(outputs, false);
    b.fill(1, outputs, Values::Bias(op.bias.clone()));
    b.set(segment.last, Fixed::Take, 1);
    b.set(segment.last, Fixed::Product, 1);
    let [_, _, wanted_h, wanted_w] = full.wanted;
    let [rows, columns] = full.offset(full.wanted);
    let (area, offset) = (b.area(wanted_h, wanted_w), b.offset(rows, columns));
    let operand = b.product(area, offset);
    b.copy(format!("{}: u = wanted rectangle (bias)", node.name), Wire::Advice(Advice::U, segment.last), operand);
    Ok(Wire::Advice(Advice::P, segment.last))
}
