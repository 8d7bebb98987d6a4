//! [`Planes`]: how the elements of a tensor are read as channels of height and width. Fingerprints are sums over planes, so two
//! tensors are only compared when both are read as the same planes.

use std::collections::HashMap;
use std::fmt;

use assay_models::{End, QuantizedGraph, TensorId};

use crate::error::CircuitError;
use crate::ops::{self, Reading};

/// Channels, height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Planes {
    /// Number of planes.
    pub channels: usize,
    /// Rows of each.
    pub height: usize,
    /// Columns of each.
    pub width: usize,
}

impl Planes {
    /// The planes that a shape `[1, c, h, w]` spells; `None` for any other shape.
    pub fn of_shape(shape: &[usize]) -> Option<Self> {
        match *shape {
            [1, channels, height, width] => Some(Self { channels, height, width }),
            _ => None,
        }
    }

    /// One plane of one row.
    pub(super) const fn vector(len: usize) -> Self {
        Self { channels: 1, height: 1, width: len }
    }

    /// Elements of one channel.
    pub const fn area(self) -> usize {
        self.height * self.width
    }

    /// Whether there is no element.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Elements of all channels.
    pub const fn len(self) -> usize {
        self.channels * self.area()
    }
}

impl fmt::Display for Planes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {}, {}]", self.channels, self.height, self.width)
    }
}

/// For every tensor the one whose cells it shares: itself, or what it is a Reshape of.
pub(super) fn roots(graph: &QuantizedGraph) -> Result<Vec<TensorId>, CircuitError> {
    let mut roots: Vec<TensorId> = (0..graph.tensors.len()).map(TensorId).collect();
    for node in &graph.nodes {
        if let (Reading::Nothing, [input]) = (ops::circuit(&node.op).reads(), node.inputs.as_slice()) {
            let root = *roots.get(input.0).ok_or(CircuitError::Invariant("tensor index"))?;
            *roots.get_mut(node.output.0).ok_or(CircuitError::Invariant("tensor index"))? = root;
        }
    }
    Ok(roots)
}

/// The planes in which the cells of every root are laid: those of its own shape; else of the first `[1, c, h, w]` shape that it is
/// reshaped to; else, for an elementwise op, those of its first operand, so that a requantisation behind a Flatten costs no second
/// set of cells; else one plane of one row.
pub(super) fn find(graph: &QuantizedGraph, roots: &[TensorId]) -> Result<HashMap<TensorId, Planes>, CircuitError> {
    let root = |tensor: TensorId| roots.get(tensor.0).copied().ok_or(CircuitError::Invariant("tensor index"));
    let mut planes = HashMap::new();
    for own in [true, false] {
        for (index, info) in graph.tensors.iter().enumerate() {
            let root = root(TensorId(index))?;
            if let (Some(shape), true) = (Planes::of_shape(&info.shape), own == (root.0 == index)) {
                planes.entry(root).or_insert(shape);
            }
        }
    }
    let vector = |tensor| Ok::<_, CircuitError>(Planes::vector(graph.tensor(tensor)?.len()));
    for input in graph.at(End::Input) {
        planes.entry(input).or_insert(vector(input)?);
    }
    for node in &graph.nodes {
        let followed = match node.inputs.first() {
            Some(input) if ops::circuit(&node.op).elementwise() => planes.get(&root(*input)?).copied(),
            Some(_) => Some(vector(node.output)?),
            None => None,
        };
        let followed = followed.ok_or(CircuitError::Invariant("an operand is laid before it is read"))?;
        planes.entry(root(node.output)?).or_insert(followed);
    }
    Ok(planes)
}
