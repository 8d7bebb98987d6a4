//! [`Convolution`]: any stride, dilation, padding and group, as a convolution of stride 1. A stride is a matter of planes: every `s`-th row and column
//! becomes a plane of its own, with its share of the kernel.

use super::movement::arranged;
use super::spread::Spread;
use super::windows::Axis;
use crate::error::ModelError;
use crate::graph::TensorId;
use crate::import::builder::Builder;
use crate::import::node::NodeView;
use crate::import::ratio::Ratio;
use crate::import::value::{Pending, Source};
use crate::ops::{Conv, IntegerOp, Op, OpFault, Pick, Reshape, planes};
use crate::requantise::Requantise;
use crate::weights::Weights;

/// A convolution of one or two spatial axes.
pub(super) struct Convolution {
    pub(super) weights: Weights,
    /// `[o, c / group, ...]`.
    pub(super) shape: Vec<usize>,
    pub(super) group: usize,
    pub(super) bias: Vec<i64>,
}

/// A kernel of two axes, and how it slides.
#[derive(Clone, Copy)]
struct Plane {
    /// `[o, c / group, kh, kw]`.
    shape: [usize; 4],
    axes: [Axis; 2],
}

/// An axis of one element, which a convolution of one axis has beside its own.
const NONE: Axis = Axis { input: 1, kernel: 1, stride: 1, dilation: 1, before: 0, after: 0, output: 1 };

impl Convolution {
    /// The accumulators over an input whose axes these are.
    pub(super) fn pending(
        self,
        builder: &mut Builder,
        node: &NodeView<'_>,
        input: TensorId,
        units: Vec<Ratio>,
        axes: &[Axis],
    ) -> Result<Pending, ModelError> {
        self.check_weights(node)?;
        let one = axes.len() == 1;
        let (plane, input) = self.plane(builder, node, input, axes)?;
        let pending = self.over(builder, node, input, units, plane)?;
        if one {
            let [n, o, _, w] = planes(pending.shape()).map_err(|fault| fault.at(node.name))?;
            return Ok(pending.then(node, Op::Reshape(Reshape), vec![n, o, w]).layer(1));
        }
        Ok(pending.layer(1))
    }

    /// There is a weight for every tap: from here on a tap without one is a zero between taps.
    fn check_weights(&self, node: &NodeView<'_>) -> Result<(), ModelError> {
        let (expected, got) = (self.shape.iter().product(), self.weights.len());
        if expected == got { Ok(()) } else { Err(OpFault::Size { what: "weights", expected, got }.at(node.name)) }
    }

    /// Kernel and input with two axes.
    fn plane(
        &self,
        builder: &mut Builder,
        node: &NodeView<'_>,
        input: TensorId,
        axes: &[Axis],
    ) -> Result<(Plane, TensorId), ModelError> {
        let from = builder.info(input)?.shape.clone();
        match (self.shape.as_slice(), axes, from.as_slice()) {
            ([o, c, kh, kw], [h, w], _) => Ok((Plane { shape: [*o, *c, *kh, *kw], axes: [*h, *w] }, input)),
            ([o, c, kw], [w], [n, channels, width]) => {
                let (name, laid) = (format!("{}/plane", node.output), vec![*n, *channels, 1, *width]);
                let input = builder.emit_alike(node.name, Op::Reshape(Reshape), vec![input], &name, laid)?;
                Ok((Plane { shape: [*o, *c, 1, *kw], axes: [NONE, *w] }, input))
            }
            _ => {
                Err(OpFault::Rank { expected: "3 or 4 (Conv of one or two axes)", got: self.shape.clone() }
                    .at(node.name))
            }
        }
    }

    fn over(
        self,
        builder: &mut Builder,
        node: &NodeView<'_>,
        input: TensorId,
        units: Vec<Ratio>,
        plane: Plane,
    ) -> Result<Pending, ModelError> {
        let Plane { shape: [o, c, kh, kw], axes } = plane;
        let [h, w] = axes;
        let pads = [h.before, w.before, h.after, w.after];
        let near = h.before < h.span() && h.after < h.span() && w.before < w.span() && w.after < w.span();
        if h.stride == 1 && w.stride == 1 && near {
            let weights_shape = [o, c, h.span(), w.span()];
            within(node, &weights_shape)?;
            let weights = if [h.dilation, w.dilation] == [1, 1] {
                self.weights
            } else {
                spread(&self.weights, [o * c, kh, kw], weights_shape, |u, v| {
                    (u % h.dilation == 0 && v % w.dilation == 0).then(|| (u / h.dilation, v / w.dilation))
                })
            };
            return made(
                builder,
                node,
                input,
                units,
                Conv {
                    weights,
                    weights_shape,
                    bias: self.bias,
                    pads,
                    group: self.group,
                    requantise: Requantise::accumulators(),
                },
            );
        }
        let [n, channels, ..] = planes(&builder.info(input)?.shape).map_err(|fault| fault.at(node.name))?;
        // Planes of every s-th row and column, as far as the kernel reaches, and their share of it.
        let phases = [h, w].map(|axis| axis.stride.min(axis.span()));
        let kernel = [h, w].map(|axis| axis.span().div_ceil(axis.stride));
        let sides = [h.output + kernel[0] - 1, w.output + kernel[1] - 1];
        let laid = [n, channels * phases[0] * phases[1], sides[0], sides[1]];
        let at = |axis: &Axis, index: usize, phase: usize| {
            (index * axis.stride + phase).checked_sub(axis.before).filter(|at| *at < axis.input)
        };
        let gather = arranged(builder, node, 1, &laid, |index| {
            let (channel, phase) = (index[1] / (phases[0] * phases[1]), index[1] % (phases[0] * phases[1]));
            let place = at(&h, index[2], phase / phases[1]).zip(at(&w, index[3], phase % phases[1]));
            place.map_or(Pick::Constant(0), |(row, column)| {
                Pick::of(((index[0] * channels + channel) * h.input + row) * w.input + column)
            })
        })?;
        crate::import::constant::shape(&laid.map(|size| size as i64), node.output, 1)?;
        let name = format!("{}/planes", node.output);
        let input = builder.emit_alike(node.name, Op::Gather(gather), vec![input], &name, laid.to_vec())?;
        let weights_shape = [o, c * phases[0] * phases[1], kernel[0], kernel[1]];
        within(node, &weights_shape)?;
        let taps = |phase: usize, i: usize, j: usize| {
            let (u, v) = (i * h.stride + phase / phases[1], j * w.stride + phase % phases[1]);
            let within = u < h.span() && v < w.span() && u % h.dilation == 0 && v % w.dilation == 0;
            within.then(|| (u / h.dilation, v / w.dilation))
        };
        let mut weights: Vec<i16> = Vec::with_capacity(weights_shape.iter().product());
        for of in 0..o * c {
            for phase in 0..phases[0] * phases[1] {
                for (i, j) in (0..kernel[0]).flat_map(|i| (0..kernel[1]).map(move |j| (i, j))) {
                    let tap = taps(phase, i, j).and_then(|(u, v)| self.weights.get((of * kh + u) * kw + v));
                    weights.push(tap.unwrap_or(0));
                }
            }
        }
        let conv = Conv {
            weights: weights.into(),
            weights_shape,
            bias: self.bias,
            pads: [0; 4],
            group: self.group,
            requantise: Requantise::accumulators(),
        };
        made(builder, node, input, units, conv)
    }

    /// `ConvTranspose`: a convolution of the flipped kernel over the input with `s - 1` zeros between its elements.
    pub(super) fn transposed(
        self,
        builder: &mut Builder,
        node: &NodeView<'_>,
        input: TensorId,
        units: Vec<Ratio>,
    ) -> Result<Pending, ModelError> {
        self.check_weights(node)?;
        let from = builder.info(input)?.shape.clone();
        let axes = Spread::read(node, &from, &self.shape)?;
        let (&[n, channels, ..], &[inputs, each, ..]) = (from.as_slice(), self.shape.as_slice()) else {
            return Err(OpFault::Rank { expected: "3 or 4", got: from }.at(node.name));
        };
        let group = self.group;
        if group == 0 || !inputs.is_multiple_of(group) || channels != inputs {
            return Err(OpFault::Size { what: "channels of the input", expected: inputs, got: channels }.at(node.name));
        }
        // The input with zeros between and around its elements.
        let laid: Vec<usize> = axes.iter().map(Spread::laid).collect();
        let shape = [&[n, channels][..], &laid].concat();
        let gather = arranged(builder, node, 1, &shape, |index| {
            let outer = index[0] * channels + index[1];
            let mut inner = index.iter().skip(2).zip(&axes);
            let inner = inner.try_fold(outer, |sum, (at, axis)| Some(sum * axis.input + axis.element(*at)?));
            inner.map_or(Pick::Constant(0), Pick::of)
        })?;
        let name = format!("{}/spread", node.output);
        let input = builder.emit_alike(node.name, Op::Gather(gather), vec![input], &name, shape)?;
        // [c, o / group, k] flipped to [o, c / group, k].
        let kernel: Vec<usize> = axes.iter().map(|axis| axis.kernel).collect();
        let taps: usize = kernel.iter().product();
        let (inputs, outputs) = (channels / group, each * group);
        let mut weights: Vec<i16> = Vec::with_capacity(self.weights.len());
        for output in 0..outputs {
            for within in 0..inputs {
                let channel = output / each * inputs + within;
                let first = (channel * each + output % each) * taps;
                weights.extend((0..taps).rev().filter_map(|tap| self.weights.get(first + tap)));
            }
        }
        let axis = |axis: &Spread| Axis {
            input: axis.laid(),
            kernel: axis.kernel,
            stride: 1,
            dilation: axis.dilation,
            before: 0,
            after: 0,
            output: axis.side,
        };
        let plain: Vec<Axis> = axes.iter().map(axis).collect();
        let shape = [&[outputs, inputs][..], &kernel].concat();
        Self { weights: weights.into(), shape, group, bias: self.bias }.pending(builder, node, input, units, &plain)
    }
}

/// Refuses weights of more elements than a tensor may have.
fn within(node: &NodeView<'_>, shape: &[usize]) -> Result<(), ModelError> {
    let sizes: Vec<i64> = shape.iter().map(|size| i64::try_from(*size).unwrap_or(i64::MAX)).collect();
    crate::import::constant::shape(&sizes, node.output, 1).map(|_| ())
}

/// Kernels of another size: tap `(u, v)` of each is tap `from(u, v)` of the old one, or 0.
fn spread(
    weights: &Weights,
    [count, _, kw]: [usize; 3],
    [_, _, height, width]: [usize; 4],
    from: impl Fn(usize, usize) -> Option<(usize, usize)>,
) -> Weights {
    let kernel = weights.len().checked_div(count).unwrap_or(0);
    let mut spread: Vec<i16> = Vec::with_capacity(count * height * width);
    for of in 0..count {
        for (u, v) in (0..height).flat_map(|u| (0..width).map(move |v| (u, v))) {
            spread.push(from(u, v).and_then(|(i, j)| weights.get(of * kernel + i * kw + j)).unwrap_or(0));
        }
    }
    spread.into()
}

/// The accumulators of a convolution of stride 1.
fn made(
    builder: &Builder,
    node: &NodeView<'_>,
    input: TensorId,
    units: Vec<Ratio>,
    conv: Conv,
) -> Result<Pending, ModelError> {
    let shape = conv.output_shape(&[&builder.info(input)?.shape], &[]).map_err(|fault| fault.at(node.name))?;
    Ok(Pending::new(node.name, node.output, Source::Accumulators { op: Op::Conv(conv), input, units }, shape))
}
