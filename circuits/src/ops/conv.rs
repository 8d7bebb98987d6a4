//! Conv: `sum_o r^o Y_o(z_h, z_w) = sum_c (X_c - zx G)(z_h, z_w) * sum_o r^o K_oc(z_h, z_w) + bias` over the *full*
//! convolution plane, `K` flipped by the order of its taps. The wanted outputs are a rectangle of that plane; the ring
//! around it is committed as free accumulators bound by the same identity.
//!
//! Degree in the challenges: at most `(H + kh) + (W + kw) + O`. No im2col, no product per multiply-add.

use assay_models::Node;
use assay_models::ops::Conv;

use crate::columns::{Advice, Fixed};
use crate::error::CircuitError;
use crate::layout::{Builder, Function, Planes, Values, Wire, unsupported};

/// Rows of the kernel taps and of the bias.
pub(crate) fn weight_rows(op: &Conv, lanes: usize) -> usize {
    let [outputs, channels, height, width] = op.weights_shape;
    (channels * height * width + 1) * outputs.div_ceil(lanes)
}

/// The full convolution plane and the rectangle of it that the op wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FullPlane {
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// First wanted row and column, wanted height and width.
    pub(crate) wanted: [usize; 4],
}

impl FullPlane {
    /// `Hf = H + kh - 1`; the wanted rectangle starts at `kh - 1 - pad_top`. `None` where padding reaches the kernel size.
    pub(crate) fn new(op: &Conv, input: Planes) -> Option<Self> {
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
    pub(crate) fn ring(&self) -> impl Iterator<Item = [usize; 4]> + use<> {
        let [i0, j0, h, w] = self.wanted;
        let (below, beside) = (self.height - i0 - h, self.width - j0 - w);
        [[0, 0, i0, self.width], [i0, 0, h, j0], [i0, j0 + w, h, beside], [i0 + h, 0, below, self.width]]
            .into_iter()
            .filter(|[_, _, h, w]| h * w > 0)
    }

    /// Exponents of `z_h` and `z_w` that move a rectangle's own fingerprint to its place.
    pub(crate) const fn offset(&self, [i, j, h, w]: [usize; 4]) -> [usize; 2] {
        [self.height - i - h, self.width - j - w]
    }
}

/// Rows of the ring of a convolution, where its window can be proved.
pub(crate) fn ring_rows(op: &Conv, input: &[usize]) -> usize {
    let full = Planes::of_shape(input).and_then(|input| FullPlane::new(op, input));
    full.map_or(0, |full| op.weights_shape[0] * full.ring().map(|[_, _, h, w]| h * w).sum::<usize>())
}

/// Commits taps, bias, outputs and ring, and ties both sides.
pub(crate) fn lay_out(b: &mut Builder<'_>, index: usize, node: &Node, op: &Conv) -> Result<(), CircuitError> {
    if op.strides != [1, 1] {
        return Err(unsupported(node, format!("Conv with strides {:?}", op.strides), "strides [1, 1] (then MaxPool)"));
    }
    if op.group != 1 {
        return Err(unsupported(
            node,
            format!("Conv with group {}", op.group),
            "group 1: one Conv whose weights between groups are 0 computes the same",
        ));
    }
    let source = *node.inputs.first().ok_or(CircuitError::Invariant("a Conv has an input"))?;
    let input = b.image(source)?;
    let Some(full) = FullPlane::new(op, input) else {
        return Err(unsupported(node, format!("Conv with pads {:?}", op.pads), "padding smaller than the kernel"));
    };
    let sum = weights(b, index, node, op, source, &full)?;
    let [_, _, height, width] = full.wanted;
    if b.planes(node.output)? != (Planes { channels: op.weights_shape[0], height, width }) {
        return Err(CircuitError::Invariant("a Conv's outputs are laid in the planes of its shape"));
    }
    let outputs = b.requantised(index, Function::Planes, &op.requantise)?;
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

/// The right side: taps of every input channel times its operand, then the bias. Returns the last p cell.
fn weights(
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
