//! [`IntegerOp`]: what every op says of itself.

use super::OpFault;
use crate::graph::TensorInfo;
use crate::interval::Interval;
use crate::requantise::Requantise;
use crate::samples::Sampled;

/// An operation on integers: how many operands it takes, the shape of its result, what it computes, and how large that can be.
///
/// Interpreter, validation and interval analysis ask only this; they know no op by name. As [`Sampled`], an op brings a network that
/// tries it: the interpreter, the circuits, the engine and the generated verifiers all run those networks.
pub trait IntegerOp: Sampled {
    /// Number of operands.
    fn operands(&self) -> usize;

    /// Shape of the result of operands of these shapes; `declared` is what the graph says it is, which only Reshape needs.
    ///
    /// # Errors
    /// Another number of operands; operands and constants that do not fit together.
    fn output_shape(&self, inputs: &[&[usize]], declared: &[usize]) -> Result<Vec<usize>, OpFault>;

    /// What the elements of the result are.
    fn output(&self) -> Output<'_>;

    /// Every integer that the op makes of its operands, but for the requantised result.
    ///
    /// # Errors
    /// As [`IntegerOp::output_shape`].
    fn evaluate(&self, inputs: &[Operand<'_>]) -> Result<Evaluated, OpFault>;

    /// Bounds of the accumulators of a channel, which must hold for every partial sum too, in any order; of the elements of the
    /// result, where nothing is requantised.
    ///
    /// # Errors
    /// Another number of operands; weights, a bias or an axis that are not there.
    fn bounds(&self, channel: usize, inputs: &[Bounded<'_>]) -> Result<Interval, OpFault>;

    /// Biases and multipliers of operands: the constants that are checked to be below 2^40 in magnitude. Weights have 16 bits anyway.
    fn constants(&self) -> Vec<i64>;

    /// Where the importer puts the requantisation once the scale of the result is known: that of [`Output::Requantised`].
    fn requantise_mut(&mut self) -> Option<&mut Requantise>;

    /// How accumulators become the result; `None` where nothing is requantised.
    fn requantise(&self) -> Option<&Requantise> {
        match self.output() {
            Output::Requantised(rule) => Some(rule),
            Output::Elements | Output::Indices => None,
        }
    }

    /// Number of channels of accumulators, which may each have a multiplier and bounds of their own.
    fn channels(&self) -> usize {
        1
    }

    /// Channel of an element of the result of `shape`, less than [`IntegerOp::channels`].
    fn channel(&self, _element: usize, _shape: &[usize]) -> usize {
        0
    }

    /// Number of trained constants: weights and biases.
    fn parameters(&self) -> usize {
        0
    }
}

/// What the elements of an op's result are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Output<'a> {
    /// Accumulators, taken to the type of the result by this rule.
    Requantised(&'a Requantise),
    /// Elements of the first operand, with its type, scale and zero point.
    Elements,
    /// Indices, of 64 bits.
    Indices,
}

/// An operand of an evaluation.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'a> {
    /// What is known of the tensor.
    pub info: &'a TensorInfo,
    /// Its elements.
    pub values: &'a [i64],
}

impl Operand<'_> {
    /// Its zero point.
    pub(super) fn zero_point(&self) -> i64 {
        i64::from(self.info.zero_point)
    }
}

/// An operand of the interval analysis.
#[derive(Clone, Copy, Debug)]
pub struct Bounded<'a> {
    /// What is known of the tensor.
    pub info: &'a TensorInfo,
    /// Bounds of its elements.
    pub elements: Interval,
}

impl Bounded<'_> {
    /// Bounds of its elements less its zero point.
    pub(super) fn corrected(&self) -> Interval {
        self.elements.plus(-i64::from(self.info.zero_point))
    }
}

/// Every integer that an op makes for one inference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluated {
    /// Accumulators, where they are to be requantised; else the result itself.
    pub elements: Vec<i64>,
    /// Sums that a proof commits beside them: see [`Trace::full_planes`](crate::Trace::full_planes).
    pub full_plane: Vec<i64>,
}

impl From<Vec<i64>> for Evaluated {
    fn from(elements: Vec<i64>) -> Self {
        Self { elements, full_plane: Vec::new() }
    }
}
