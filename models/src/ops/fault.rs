//! [`OpFault`]: what an op refuses.

use thiserror::Error;

use crate::error::ModelError;
use crate::graph::DType;

/// What an op refuses about its operands, shapes or constants.
#[derive(Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum OpFault {
    /// Wrong number of operands.
    #[error("expected {expected} operands, got {got}")]
    Operands {
        /// Operands the op takes.
        expected: usize,
        /// Operands given.
        got: usize,
    },
    /// Wrong number of axes.
    #[error("expected an operand of rank {expected}, got shape {got:?}")]
    Rank {
        /// What the op takes.
        expected: &'static str,
        /// Shape given.
        got: Vec<usize>,
    },
    /// A size that does not agree with another.
    #[error("{what}: expected {expected}, got {got}")]
    Size {
        /// Which size.
        what: &'static str,
        /// Expected.
        expected: usize,
        /// Got.
        got: usize,
    },
    /// Shapes that do not agree.
    #[error("{what}: expected shape {expected:?}, got {got:?}")]
    Shape {
        /// Which shape.
        what: &'static str,
        /// Expected.
        expected: Vec<usize>,
        /// Got.
        got: Vec<usize>,
    },
    /// A window that does not fit the padded plane.
    #[error(
        "kernel {kernel:?}, pads {pads:?} do not fit a plane of {plane:?}: kernel at least 1 and at most the padded plane, pads less than the kernel"
    )]
    Window {
        /// `[kh, kw]`.
        kernel: [usize; 2],
        /// `[top, left, bottom, right]`.
        pads: [usize; 4],
        /// `[h, w]`.
        plane: [usize; 2],
    },
    /// A window of the file that does not fit an axis.
    #[error(
        "kernel {kernel}, stride {stride}, dilation {dilation}, pads {pads:?} do not fit an axis of {plane:?}: kernel, stride and dilation at least 1, the dilated kernel at most the padded axis"
    )]
    Windows {
        /// Taps along the axis.
        kernel: usize,
        /// From one position to the next.
        stride: usize,
        /// From one tap to the next.
        dilation: usize,
        /// Before and after.
        pads: [usize; 2],
        /// Spatial sizes of the input.
        plane: Vec<usize>,
    },
    /// An axis the operand does not have, or a permutation that is none.
    #[error("axes {axes:?} do not fit an operand of rank {rank}")]
    Axes {
        /// Axes given.
        axes: Vec<i64>,
        /// Rank of the operand.
        rank: usize,
    },
    /// A constant outside its range.
    #[error("{what} = {got}: expected {low}..={high}")]
    Constant {
        /// Which constant.
        what: &'static str,
        /// Value.
        got: i128,
        /// Smallest.
        low: i128,
        /// Largest.
        high: i128,
    },
    /// A channel without all its weights, or without a bias.
    #[error("a channel lacks weights or a bias (channel {channel}): compile the model again")]
    Incomplete {
        /// Which channel.
        channel: usize,
    },
    /// Element types that do not fit.
    #[error("{what}: expected element type {expected}, got {got:?}")]
    Type {
        /// Which tensor.
        what: &'static str,
        /// Expected.
        expected: &'static str,
        /// Got.
        got: DType,
    },
}

impl OpFault {
    /// The fault at a node.
    pub(crate) fn at(self, node: &str) -> ModelError {
        ModelError::Op { node: node.to_owned(), fault: self }
    }
}
