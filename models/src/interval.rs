//! [`intervals`]: the worst case over all inputs of the declared type, and the proof that nothing can wrap.

use crate::error::ModelError;
use crate::graph::{Node, QuantizedGraph};
use crate::ops::{Bounded, OpFault};
use crate::weights::WeightValues;

/// Bounds of every accumulator and tensor of a graph, over all inputs of the declared type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intervals {
    /// `(lo, hi)` of each node's accumulators, indexed like [`QuantizedGraph::nodes`]; `None` where an op has none. They hold
    /// for every partial sum too, in any order, bias first.
    pub accumulators: Vec<Option<(i64, i64)>>,
    /// `(lo, hi)` of each tensor's elements, indexed by [`TensorId`](crate::TensorId).
    pub tensors: Vec<(i64, i64)>,
}

/// A closed interval of integers, wide enough that sums of products of a graph cannot wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    lo: i128,
    hi: i128,
}

impl Interval {
    /// `lo..=hi`.
    pub(crate) fn of(lo: i64, hi: i64) -> Self {
        Self { lo: lo.into(), hi: hi.into() }
    }

    /// `(lo, hi)` of integers that have 64 bits.
    const fn ends(self) -> (i64, i64) {
        (self.lo as i64, self.hi as i64)
    }

    /// Extended to hold 0: a term that may be absent.
    pub(crate) fn with_zero(self) -> Self {
        Self { lo: self.lo.min(0), hi: self.hi.max(0) }
    }

    /// Every `weight * x`.
    pub(crate) fn times(self, weight: i64) -> Self {
        let (a, b) = (self.lo.saturating_mul(weight.into()), self.hi.saturating_mul(weight.into()));
        Self { lo: a.min(b), hi: a.max(b) }
    }

    /// Every sum.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { lo: self.lo.saturating_add(other.lo), hi: self.hi.saturating_add(other.hi) }
    }

    /// The smallest interval that holds both.
    pub(crate) fn or(self, other: Self) -> Self {
        Self { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) }
    }

    /// Shifted by a constant.
    pub(crate) fn plus(self, constant: i64) -> Self {
        self.and(Self { lo: constant.into(), hi: constant.into() })
    }

    /// Every sum of some of `weight * x`, one independent `x` a weight.
    pub(crate) fn dot(weights: WeightValues<'_>, x: Self) -> Self {
        let (positive, negative) = weights.sums();
        let (positive, negative) = (i128::from(positive), i128::from(negative));
        let x = x.with_zero();
        Self { lo: positive * x.lo + negative * x.hi, hi: positive * x.hi + negative * x.lo }
    }

    /// As `i64`, if no accumulator reaches 2^40 and no product with the multiplier 2^62.
    fn checked(self, multiplier: u64, node: &str) -> Result<(i64, i64), ModelError> {
        let magnitude = self.lo.unsigned_abs().max(self.hi.unsigned_abs());
        if magnitude < 1 << 40 && magnitude.saturating_mul(multiplier.into()) < 1 << 62 {
            Ok(self.ends())
        } else {
            Err(ModelError::AccumulatorRange { node: node.to_owned(), lo: self.lo, hi: self.hi, multiplier })
        }
    }
}

/// Bounds every accumulator and every tensor in the worst case over all inputs of the declared type.
///
/// Bounds of a tensor follow from those of its producer, so saturation and Relu narrow what comes after them.
///
/// # Errors
/// [`ModelError::AccumulatorRange`] names the node where `|acc| >= 2^40` or `|acc * m| >= 2^62` is possible;
/// [`ModelError::BadGraph`] and [`ModelError::Op`] if ids or shapes do not fit together.
pub fn intervals(graph: &QuantizedGraph) -> Result<Intervals, ModelError> {
    let mut tensors: Vec<(i64, i64)> = graph.tensors.iter().map(|t| (t.dtype.min(), t.dtype.max())).collect();
    let mut accumulators = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let (accumulator, output) = node_bounds(graph, node, &tensors)?;
        accumulators.push(accumulator);
        let bounds = tensors.get_mut(node.output.0);
        *bounds.ok_or_else(|| incomplete("a node writes a tensor that is not there", &node.name))? = output;
    }
    Ok(Intervals { accumulators, tensors })
}

/// Everything that [`intervals`] refuses, node by node.
pub(crate) fn faults(graph: &QuantizedGraph) -> Vec<ModelError> {
    let mut tensors: Vec<Bounds> = graph.tensors.iter().map(|t| (t.dtype.min(), t.dtype.max())).collect();
    let mut faults = Vec::new();
    for node in &graph.nodes {
        match node_bounds(graph, node, &tensors) {
            // After a refused node, its type bounds its output.
            Err(fault) => faults.push(fault),
            Ok((_, output)) => {
                if let Some(bounds) = tensors.get_mut(node.output.0) {
                    *bounds = output;
                }
            }
        }
    }
    faults
}

type Bounds = (i64, i64);

/// Bounds of a node's accumulators and of its output.
fn node_bounds(
    graph: &QuantizedGraph,
    node: &Node,
    tensors: &[Bounds],
) -> Result<(Option<Bounds>, Bounds), ModelError> {
    let mut inputs = Vec::with_capacity(node.inputs.len());
    for id in &node.inputs {
        let info = graph.tensor(*id)?;
        let (lo, hi) = *tensors.get(id.0).ok_or_else(|| incomplete("a tensor has no bounds", &info.name))?;
        inputs.push(Bounded { info, elements: Interval::of(lo, hi) });
    }
    let bounds = |channel| node.op.bounds(channel, &inputs).map_err(|fault| fault.at(&node.name));
    let Some(rule) = node.op.requantise() else {
        let (low, high) = bounds(0)?.ends();
        let dtype = graph.tensor(node.output)?.dtype;
        if low < dtype.min() || high > dtype.max() {
            let got = i128::from(if low < dtype.min() { low } else { high });
            let what = "element of the result";
            let fault = OpFault::Constant { what, got, low: dtype.min().into(), high: dtype.max().into() };
            return Err(fault.at(&node.name));
        }
        return Ok((None, (low, high)));
    };
    let (mut accumulator, mut output) = (None, None);
    for channel in 0..node.op.channels() {
        let (lo, hi) = bounds(channel)?.checked(rule.multiplier(channel), &node.name)?;
        widen(&mut accumulator, (lo, hi));
        widen(&mut output, rule.outputs((lo, hi), channel));
    }
    let output = output.ok_or_else(|| incomplete("a requantised node has no channel", &node.name))?;
    Ok((accumulator, output))
}

fn incomplete(problem: &'static str, name: &str) -> ModelError {
    ModelError::BadGraph { problem, got: name.to_owned() }
}

/// The smallest interval holding both.
fn widen(bounds: &mut Option<Bounds>, other: Bounds) {
    *bounds = Some(bounds.map_or(other, |(lo, hi)| (lo.min(other.0), hi.max(other.1))));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::Op;
    use crate::samples::{tiny_cnn, tiny_mlp};

    /// Bounds are looked for before anything else would notice, and a bias that is not there is no 0.
    #[test]
    fn a_graph_without_all_its_weights_and_biases_has_no_intervals() {
        let refusals = [tiny_mlp(), tiny_cnn()].into_iter().flat_map(|graph| {
            assert!(intervals(&graph).is_ok());
            let with = |change: fn(&mut Op)| {
                let mut graph = graph.clone();
                change(&mut graph.nodes[0].op);
                intervals(&graph).unwrap_err().to_string()
            };
            let bias = with(|op| match op {
                Op::Conv(op) => op.bias.truncate(op.bias.len() - 1),
                Op::Dense(op) => op.bias.truncate(op.bias.len() - 1),
                other => panic!("{}", other.name()),
            });
            let weights = with(|op| match op {
                Op::Conv(op) => op.weights = op.weights.iter().skip(1).collect::<Vec<i16>>().into(),
                Op::Dense(op) => op.weights = op.weights.iter().skip(1).collect::<Vec<i16>>().into(),
                other => panic!("{}", other.name()),
            });
            [bias, weights]
        });
        for refusal in refusals {
            assert!(refusal.contains("a channel lacks weights or a bias"), "{refusal}");
        }
    }
}
