//! The operations of a [`QuantizedGraph`](crate::QuantizedGraph): one file an op, each with its meaning, shape rule and bounds.
//!
//! A linear op gives accumulators, which its [`Requantise`] takes to the output; the others map elements to elements.
//! This file only says which file an op lives in: no arm is a wildcard, so that a new op is a compile error until it has a
//! meaning, a shape rule and bounds.

mod add;
mod arg_max;
mod average_pool;
mod conv;
mod dense;
mod fault;
mod max_pool;
mod rescale;
mod reshape;
mod transpose;
mod window;

use serde::{Deserialize, Serialize};

pub use add::Add;
pub use arg_max::ArgMax;
pub use average_pool::AveragePool;
pub use conv::Conv;
pub use dense::Dense;
pub use fault::OpFault;
pub use max_pool::MaxPool;
pub use rescale::Rescale;
pub use transpose::Transpose;
pub(crate) use window::planes;

use crate::graph::TensorInfo;
use crate::interval::Interval;
use crate::requantise::Requantise;

/// Most elements a tensor or a weight may have (2^26: no circuit has more rows).
pub const ELEMENTS_LIMIT: usize = 1 << 26;

/// Most axes a tensor may have.
pub const RANK_LIMIT: usize = 8;

/// An operation on zero-point-corrected integers; constants inside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Op {
    /// ONNX Conv.
    Conv(Conv),
    /// Gemm / `MatMul` with a constant right-hand side.
    Dense(Dense),
    /// Elementwise sum of two tensors.
    Add(Add),
    /// `AveragePool`, `GlobalAveragePool`.
    AveragePool(AveragePool),
    /// `MaxPool`.
    MaxPool(MaxPool),
    /// Relu, Clip or a change of scale on its own.
    Rescale(Rescale),
    /// Flatten, Reshape, Squeeze, Unsqueeze, Identity: same elements, same order, another shape.
    Reshape,
    /// Transpose.
    Transpose(Transpose),
    /// `ArgMax` (lowest index wins).
    ArgMax(ArgMax),
}

/// An operand of an evaluation: what is known of the tensor, and its elements.
#[derive(Clone, Copy)]
pub(crate) struct Operand<'a> {
    pub(crate) info: &'a TensorInfo,
    pub(crate) values: &'a [i64],
}

/// What an op makes of its operands.
pub(crate) enum Evaluated {
    /// Accumulators, still to be requantised.
    Accumulators(Vec<i64>),
    /// Those of a convolution, with the full plane that they are a rectangle of.
    Convolved {
        /// [`Conv::full_plane`].
        full_plane: Vec<i64>,
        /// [`Conv::accumulate`].
        accumulators: Vec<i64>,
    },
    /// The output itself.
    Output(Vec<i64>),
}

impl Op {
    /// Name, as the variant is spelt.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Conv(_) => "Conv",
            Self::Dense(_) => "Dense",
            Self::Add(_) => "Add",
            Self::AveragePool(_) => "AveragePool",
            Self::MaxPool(_) => "MaxPool",
            Self::Rescale(_) => "Rescale",
            Self::Reshape => "Reshape",
            Self::Transpose(_) => "Transpose",
            Self::ArgMax(_) => "ArgMax",
        }
    }

    /// Number of operands.
    pub const fn operands(&self) -> usize {
        match self {
            Self::Add(_) => 2,
            Self::Conv(_)
            | Self::Dense(_)
            | Self::AveragePool(_)
            | Self::MaxPool(_)
            | Self::Rescale(_)
            | Self::Reshape
            | Self::Transpose(_)
            | Self::ArgMax(_) => 1,
        }
    }

    /// How accumulators become the output; `None` where the op has no accumulators.
    pub const fn requantise(&self) -> Option<&Requantise> {
        match self {
            Self::Conv(Conv { requantise, .. })
            | Self::Dense(Dense { requantise, .. })
            | Self::Add(Add { requantise, .. })
            | Self::AveragePool(AveragePool { requantise, .. })
            | Self::Rescale(Rescale { requantise }) => Some(requantise),
            Self::MaxPool(_) | Self::Reshape | Self::Transpose(_) | Self::ArgMax(_) => None,
        }
    }

    /// Where the importer puts the requantisation once the scale of the output is known.
    pub(crate) const fn requantise_mut(&mut self) -> Option<&mut Requantise> {
        match self {
            Self::Conv(Conv { requantise, .. })
            | Self::Dense(Dense { requantise, .. })
            | Self::Add(Add { requantise, .. })
            | Self::AveragePool(AveragePool { requantise, .. })
            | Self::Rescale(Rescale { requantise }) => Some(requantise),
            Self::MaxPool(_) | Self::Reshape | Self::Transpose(_) | Self::ArgMax(_) => None,
        }
    }

    /// Number of channels a per-channel multiplier counts: outputs of Conv and Dense, otherwise 1.
    pub const fn channels(&self) -> usize {
        match self {
            Self::Conv(conv) => conv.weights_shape[0],
            Self::Dense(dense) => dense.outputs,
            Self::Add(_)
            | Self::AveragePool(_)
            | Self::MaxPool(_)
            | Self::Rescale(_)
            | Self::Reshape
            | Self::Transpose(_)
            | Self::ArgMax(_) => 1,
        }
    }

    /// Number of trained constants: weights and biases.
    pub fn parameters(&self) -> usize {
        match self {
            Self::Conv(conv) => conv.weights.len() + conv.bias.len(),
            Self::Dense(dense) => dense.weights.len() + dense.bias.len(),
            Self::Add(_)
            | Self::AveragePool(_)
            | Self::MaxPool(_)
            | Self::Rescale(_)
            | Self::Reshape
            | Self::Transpose(_)
            | Self::ArgMax(_) => 0,
        }
    }

    /// Channel of an element of the output of `shape`, for [`Requantise::multiplier`].
    pub fn channel(&self, element: usize, shape: &[usize]) -> usize {
        match self {
            Self::Conv(conv) => {
                let plane: usize = shape.iter().skip(2).product();
                element / plane.max(1) % conv.weights_shape[0].max(1)
            }
            Self::Dense(dense) => element % dense.outputs.max(1),
            Self::Add(_)
            | Self::AveragePool(_)
            | Self::MaxPool(_)
            | Self::Rescale(_)
            | Self::Reshape
            | Self::Transpose(_)
            | Self::ArgMax(_) => 0,
        }
    }

    /// Shape of the result; `declared` is what the graph says it is, which only Reshape needs.
    ///
    /// # Errors
    /// If operands and constants do not fit together.
    pub fn output_shape(&self, inputs: &[&[usize]], declared: &[usize]) -> Result<Vec<usize>, OpFault> {
        let fault = OpFault::Operands { expected: self.operands(), got: inputs.len() };
        match (self, inputs) {
            (Self::Conv(conv), [x]) => conv.output_shape(x),
            (Self::Dense(dense), [x]) => dense.output_shape(x),
            (Self::Add(add), [x, y]) => add.output_shape(x, y),
            (Self::AveragePool(pool), [x]) => pool.output_shape(x),
            (Self::MaxPool(pool), [x]) => pool.output_shape(x),
            (Self::Rescale(_), [x]) => Ok(x.to_vec()),
            (Self::Reshape, [x]) => reshape::output_shape(x, declared),
            (Self::Transpose(transpose), [x]) => transpose.output_shape(x),
            (Self::ArgMax(arg_max), [x]) => arg_max.output_shape(x),
            (
                Self::Conv(_)
                | Self::Dense(_)
                | Self::Add(_)
                | Self::AveragePool(_)
                | Self::MaxPool(_)
                | Self::Rescale(_)
                | Self::Reshape
                | Self::Transpose(_)
                | Self::ArgMax(_),
                _,
            ) => Err(fault),
        }
    }

    /// The op's meaning, for one inference.
    pub(crate) fn evaluate(&self, inputs: &[Operand<'_>]) -> Result<Evaluated, OpFault> {
        let fault = OpFault::Operands { expected: self.operands(), got: inputs.len() };
        let [x, rest @ ..] = inputs else { return Err(fault) };
        let (shape, zx) = (x.info.shape.as_slice(), i64::from(x.info.zero_point));
        Ok(match self {
            Self::Conv(conv) => {
                let full_plane = conv.full_plane(x.values, shape, zx)?;
                let accumulators = conv.accumulate(x.values, shape, zx, &full_plane)?;
                Evaluated::Convolved { full_plane, accumulators }
            }
            Self::Dense(dense) => Evaluated::Accumulators(dense.accumulate(x.values, zx)),
            Self::Add(add) => {
                let y = rest.first().ok_or(fault)?;
                let zy = i64::from(y.info.zero_point);
                Evaluated::Accumulators(add.accumulate(x.values, y.values, zx, zy))
            }
            Self::AveragePool(pool) => Evaluated::Accumulators(pool.accumulate(x.values, shape, zx)?),
            Self::MaxPool(pool) => Evaluated::Output(pool.evaluate(x.values, shape)?),
            Self::Rescale(rescale) => Evaluated::Accumulators(rescale.accumulate(x.values, zx)),
            Self::Reshape => Evaluated::Output(x.values.to_vec()),
            Self::Transpose(transpose) => Evaluated::Output(transpose.evaluate(x.values, shape)?),
            Self::ArgMax(arg_max) => Evaluated::Output(arg_max.evaluate(x.values, shape)?),
        })
    }

    /// Bounds of the accumulators of a channel for zero-point-corrected operands in `inputs`; `None` where the op has none, or
    /// where operands, weights or a bias are missing.
    pub(crate) fn bounds(&self, channel: usize, inputs: &[Interval]) -> Option<Interval> {
        let x = inputs.first().copied()?;
        match self {
            Self::Conv(conv) => conv.bounds(channel, x),
            Self::Dense(dense) => dense.bounds(channel, x),
            Self::Add(add) => inputs.get(1).map(|y| add.bounds(x, *y)),
            Self::AveragePool(pool) => Some(pool.bounds(x)),
            Self::Rescale(_) => Some(x),
            Self::MaxPool(_) | Self::Reshape | Self::Transpose(_) | Self::ArgMax(_) => None,
        }
    }
}

/// Number of elements of a shape, at least 1 and at most [`ELEMENTS_LIMIT`].
pub(crate) fn elements(shape: &[usize]) -> Result<usize, OpFault> {
    if shape.len() > RANK_LIMIT {
        return Err(OpFault::Size { what: "number of axes (at most)", expected: RANK_LIMIT, got: shape.len() });
    }
    let product = shape.iter().try_fold(1usize, |product, size| product.checked_mul(*size));
    match product {
        Some(product) if (1..=ELEMENTS_LIMIT).contains(&product) => Ok(product),
        _ => Err(OpFault::Constant {
            what: "number of elements",
            got: shape.iter().fold(1i128, |product, size| product.saturating_mul(*size as i128)),
            low: 1,
            high: ELEMENTS_LIMIT as i128,
        }),
    }
}

/// Two sizes that must agree.
fn expect_size(what: &'static str, expected: usize, got: usize) -> Result<(), OpFault> {
    if expected == got { Ok(()) } else { Err(OpFault::Size { what, expected, got }) }
}
