//! Conv: `sum_o r^o Y_o(z_h, z_w) = sum_c (X_c - zx G)(z_h, z_w) * sum_o r^o K_oc(z_h, z_w) + bias` over the *full*
//! convolution plane, `K` flipped by the order of its taps; an identity for each group of channels. The wanted outputs are a rectangle of that plane; the ring
//! around it is committed as free accumulators bound by the same identity.
//!
//! Degree in the challenges: at most `(H + kh) + (W + kw) + O`. No im2col, no product per multiply-add.

use assay_models::ops::Conv;
use assay_models::{Node, TensorId, TensorInfo, WeightValues};

use super::{CircuitOp, Reading, unsupported};
use crate::error::CircuitError;
use crate::pairs::pairs;
use crate::plan::{Operands, Planes, Planner, Value, WeightedSum};

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

/// What the identities are called.
const SIDES: &str = "weights side = outputs side";

impl CircuitOp for Conv {
    fn refusal(&self, node: &Node, input: &TensorInfo) -> Option<CircuitError> {
        Planes::of_shape(&input.shape).is_none().then(|| unsupported(node, "Conv over a batch", "batch size 1"))
    }

    fn reads(&self) -> Reading {
        Reading::Fingerprints
    }

    fn lower(&self, planner: &mut Planner<'_>, index: usize, node: &Node) -> Result<(), CircuitError> {
        let source = *node.inputs.first().ok_or(CircuitError::Invariant("a Conv has an input"))?;
        let input = planner.image(source)?;
        let Some(full) = FullPlane::new(self, input) else {
            return Err(unsupported(
                node,
                format!("Conv with pads {:?}", self.pads),
                "padding smaller than the kernel",
            ));
        };
        let right = right_sides(self, planner, index, source, &full)?;
        let [_, _, height, width] = full.wanted;
        if planner.planes(node.output)? != (Planes { channels: self.weights_shape[0], height, width }) {
            return Err(CircuitError::Invariant("a Conv's outputs are laid in the planes of its shape"));
        }
        let left = left_sides(self, planner, index, &full)?;
        for (group, (right, left)) in pairs(&right, &left)?.enumerate() {
            match self.group {
                1 => planner.equal(index, SIDES, *right, *left),
                _ => planner.equal_in_group(index, SIDES, group, [*right, *left]),
            }
        }
        Ok(())
    }

    fn weights(&self) -> Option<WeightValues<'_>> {
        Some(self.weights.values())
    }
}

/// The taps of every input channel of a group times its operand, and the bias, for each group.
fn right_sides(
    op: &Conv,
    planner: &mut Planner<'_>,
    index: usize,
    source: TensorId,
    full: &FullPlane,
) -> Result<Vec<Value>, CircuitError> {
    let [outputs, inputs, kernel_h, kernel_w] = op.weights_shape;
    let each = outputs / op.group.max(1);
    let (input, zero_point) = (planner.image(source)?, planner.zero_point(source)?);
    let fingerprints = planner.fingerprints(source, input)?;
    if fingerprints.len() != inputs * op.group || each * op.group != outputs || op.bias.len() != outputs {
        return Err(CircuitError::Unpaired { left: fingerprints.len(), right: inputs * op.group });
    }
    let channels = fingerprints
        .into_iter()
        .map(|fingerprint| planner.centred(fingerprint, zero_point, input))
        .collect::<Result<Vec<_>, _>>()?;
    let [_, _, wanted_h, wanted_w] = full.wanted;
    let [rows, columns] = full.offset(full.wanted);
    let (area, offset) = (planner.area(wanted_h, wanted_w), planner.offset(rows, columns));
    let bias_operand = planner.product(area, offset);
    let groups = pairs_of_chunks(&channels, inputs, &op.bias, each)?;
    let sums = groups.into_iter().enumerate().map(|(group, (channels, bias))| {
        planner.weighted_sum(WeightedSum {
            node: index,
            first: group * each,
            outputs: each,
            operands: Operands::Fingerprints { channels: channels.to_vec(), kernel: [kernel_h, kernel_w] },
            bias: bias.to_vec(),
            bias_operand,
        })
    });
    Ok(sums.collect())
}

/// A part of each of two lists.
type Parts<'a, A, B> = (&'a [A], &'a [B]);

/// The groups of two lists, in pairs.
fn pairs_of_chunks<'a, A, B>(
    left: &'a [A],
    of_left: usize,
    right: &'a [B],
    of_right: usize,
) -> Result<Vec<Parts<'a, A, B>>, CircuitError> {
    let left: Vec<_> = left.chunks(of_left.max(1)).collect();
    let right: Vec<_> = right.chunks(of_right.max(1)).collect();
    Ok(pairs(&left, &right)?.map(|(left, right)| (*left, *right)).collect())
}

/// Outputs and ring, each rectangle at its place of the full plane, for each group.
fn left_sides(
    op: &Conv,
    planner: &mut Planner<'_>,
    index: usize,
    full: &FullPlane,
) -> Result<Vec<Value>, CircuitError> {
    let outputs = planner.requantised_planes(index, &op.requantise)?;
    let rectangles: Vec<[usize; 4]> = full.ring().collect();
    let planes = Planes { channels: outputs.len(), height: full.height, width: full.width };
    let mut ring = planner.ring(index, planes, rectangles.clone())?.into_iter();
    let mut channels = Vec::with_capacity(outputs.len());
    for output in outputs {
        let mut parts = vec![(full.wanted, output)];
        for rectangle in &rectangles {
            let fingerprint = ring.next().ok_or(CircuitError::Invariant("a fingerprint a rectangle"))?;
            parts.push((*rectangle, fingerprint));
        }
        let mut terms = Vec::with_capacity(parts.len());
        for (rectangle, fingerprint) in parts {
            let [rows, columns] = full.offset(rectangle);
            terms.push((1, fingerprint, planner.offset(rows, columns)));
        }
        channels.push(terms);
    }
    if ring.next().is_some() {
        return Err(CircuitError::Invariant("a fingerprint a rectangle"));
    }
    let each = channels.len() / op.group.max(1);
    channels.chunks(each.max(1)).map(|group| planner.sum(group.to_vec())).collect()
}
