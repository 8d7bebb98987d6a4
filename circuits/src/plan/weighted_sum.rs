//! [`WeightedSum`]: the right side of a linear layer.

use assay_models::TensorId;

use super::{Planes, Value};

/// `sum_l W_l(r) x_l + bias(r) * bias_operand`, where `W_l(r)` folds the weights of operand `l` over the outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightedSum {
    /// The node whose weights are counted.
    pub node: usize,
    /// Its first output among those of the node: a group of channels has a sum of its own.
    pub first: usize,
    /// Number of outputs.
    pub outputs: usize,
    /// What the weights are multiplied with.
    pub operands: Operands,
    /// One an output.
    pub bias: Vec<i64>,
    /// What the bias is multiplied with.
    pub bias_operand: Value,
}

/// What weights are multiplied with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operands {
    /// The fingerprint of each input channel, whose weights are a kernel: tap `(i, j)` counts `z_h^i z_w^(width - 1 - j)` times.
    Fingerprints {
        /// One a channel.
        channels: Vec<Value>,
        /// Height and width of the kernel.
        kernel: [usize; 2],
    },
    /// Every element of a tensor, committed beside its weights.
    Elements {
        /// The tensor.
        tensor: TensorId,
        /// The planes in which its elements follow each other.
        planes: Planes,
        /// The fingerprint that the elements of each channel must have.
        channels: Vec<Value>,
    },
}

impl Operands {
    /// One value a channel: what its weights are multiplied with, or the fingerprint of what they are.
    pub fn channels(&self) -> &[Value] {
        match self {
            Self::Fingerprints { channels, .. } | Self::Elements { channels, .. } => channels,
        }
    }

    /// Number of segments: one for every weight of an output.
    pub fn segments(&self) -> usize {
        match self {
            Self::Fingerprints { channels, kernel: [height, width] } => channels.len() * height * width,
            Self::Elements { planes, .. } => planes.len(),
        }
    }

    /// Which weight of an output a segment holds: those of a kernel row come last to first.
    pub fn weight(&self, segment: usize) -> usize {
        match self {
            Self::Fingerprints { kernel: [_, width], .. } => segment / width * width + (width - 1 - segment % width),
            Self::Elements { .. } => segment,
        }
    }
}

impl WeightedSum {
    /// Which of its node's groups of channels it is for.
    pub(crate) fn group(&self) -> usize {
        self.first.checked_div(self.outputs).unwrap_or(0)
    }

    /// Rows of one segment of weights: a weight of every output.
    pub const fn segment_rows(&self, lanes: usize) -> usize {
        self.outputs.div_ceil(lanes)
    }

    /// Rows of all segments, the bias among them.
    pub fn rows(&self, lanes: usize) -> usize {
        (self.operands.segments() + 1) * self.segment_rows(lanes)
    }
}
