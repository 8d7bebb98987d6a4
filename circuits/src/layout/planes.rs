//! [`Planes`]: how the elements of a tensor are read as channels of height and width. Fingerprints are sums over planes, so two
//! tensors are only compared when both are read as the same planes.

use std::collections::HashMap;
use std::fmt;

use assay_models::{QuantizedGraph, TensorId};

use super::{Builder, Wire};
use crate::error::CircuitError;
use crate::ops::{self, Reading};

/// Channels, height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Planes {
    pub(crate) channels: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
}

impl Planes {
    /// The planes that a shape `[1, c, h, w]` spells; `None` for any other shape.
    pub(crate) fn of_shape(shape: &[usize]) -> Option<Self> {
        match *shape {
            [1, channels, height, width] => Some(Self { channels, height, width }),
            _ => None,
        }
    }

    /// One plane of one row.
    const fn vector(len: usize) -> Self {
        Self { channels: 1, height: 1, width: len }
    }

    /// Elements of one channel.
    pub(crate) const fn area(self) -> usize {
        self.height * self.width
    }

    /// Elements of all channels.
    pub(crate) const fn len(self) -> usize {
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
    for info in &graph.tensors {
        if !matches!(info.shape.as_slice(), [1, ..] | [_]) {
            return Err(CircuitError::Unsupported {
                node: info.name.clone(),
                what: format!("a batch: shape {:?}", info.shape),
                expected: "batch size 1".to_owned(),
            });
        }
    }
    for own in [true, false] {
        for (index, info) in graph.tensors.iter().enumerate() {
            let root = root(TensorId(index))?;
            if let (Some(shape), true) = (Planes::of_shape(&info.shape), own == (root.0 == index)) {
                planes.entry(root).or_insert(shape);
            }
        }
    }
    let vector = |tensor| Ok::<_, CircuitError>(Planes::vector(graph.tensor(tensor)?.len()));
    planes.entry(graph.input).or_insert(vector(graph.input)?);
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

impl Builder<'_> {
    /// The tensor whose cells a tensor's are (through Reshape).
    pub(crate) fn root(&self, tensor: TensorId) -> Result<TensorId, CircuitError> {
        self.roots.get(tensor.0).copied().ok_or(CircuitError::Invariant("tensor index"))
    }

    /// The planes in which a tensor's cells are laid.
    pub(crate) fn planes(&self, tensor: TensorId) -> Result<Planes, CircuitError> {
        let root = self.root(tensor)?;
        self.planes.get(&root).copied().ok_or(CircuitError::Invariant("every tensor has planes"))
    }

    /// The planes of a tensor that an op reads as `[1, c, h, w]`.
    pub(crate) fn image(&self, tensor: TensorId) -> Result<Planes, CircuitError> {
        let shape = &self.graph.tensor(tensor)?.shape;
        Planes::of_shape(shape).ok_or(CircuitError::Invariant("a window slides over [1, c, h, w]"))
    }

    /// Fingerprints of a tensor read as some planes, one a channel. Where its cells are laid in other planes, a second set of cells
    /// is committed and tied to the first.
    pub(crate) fn fingerprints(&mut self, tensor: TensorId, planes: Planes) -> Result<Vec<Wire>, CircuitError> {
        let key = (self.root(tensor)?, planes);
        if !self.fingerprints.contains_key(&key) {
            self.read_as(tensor, planes)?;
        }
        self.fingerprints.get(&key).cloned().ok_or(CircuitError::Invariant("a tensor is laid out before it is read"))
    }

    /// Keeps the fingerprints of a tensor read as some planes, one a channel.
    pub(super) fn keep_fingerprints(
        &mut self,
        tensor: TensorId,
        planes: Planes,
        ends: Vec<Wire>,
    ) -> Result<(), CircuitError> {
        if ends.len() != planes.channels {
            return Err(CircuitError::Invariant("a fingerprint a channel"));
        }
        let key = (self.root(tensor)?, planes);
        self.fingerprints.insert(key, ends);
        Ok(())
    }

    /// Constrains the cells of two lists to be equal, in pairs.
    ///
    /// # Errors
    /// Lists of unlike length: a cell without a partner would be bound by nothing.
    pub(crate) fn copy_all(&mut self, name: &str, left: &[Wire], right: &[Wire]) -> Result<(), CircuitError> {
        for (at, (left, right)) in pairs(left, right)?.enumerate() {
            self.copy(format!("{name}[{at}]"), *left, *right);
        }
        Ok(())
    }
}

/// Two lists of one length, in pairs.
///
/// # Errors
/// Lists of unlike length.
pub(crate) fn pairs<'a, A, B>(
    left: &'a [A],
    right: &'a [B],
) -> Result<impl Iterator<Item = (&'a A, &'a B)>, CircuitError> {
    if left.len() != right.len() {
        return Err(CircuitError::Unpaired { left: left.len(), right: right.len() });
    }
    Ok(left.iter().zip(right))
}
