//! One file an op: its identity between fingerprints, its degree, and the cells it commits, as a [`CircuitOp`]. The meaning in
//! integers is the file of the same name in `assay-models`.

mod add;
mod conv;
mod dense;
mod max_pool;
mod rescale;
mod reshape;
mod without_circuit;

use assay_models::{Node, Op, QuantizedGraph, WeightValues};

use crate::error::CircuitError;
use crate::layout::{Builder, Planes};
use without_circuit::WithoutCircuit;

/// What a circuit asks of an op. The planner asks only this; it knows no op by name.
pub(crate) trait CircuitOp {
    /// What the op reads of the cells of its operands.
    fn reads(&self) -> Reading;

    /// Commits the cells of the result, and ties them to the operands by copies. Called where [`CircuitOp::refusal`] finds nothing.
    fn lay_out(&self, b: &mut Builder<'_>, index: usize, node: &Node) -> Result<(), CircuitError>;

    /// What of the op no circuit has, whatever stands around it; `input` is its first operand, if that is an image.
    fn refusal(&self, _node: &Node, _input: Option<Planes>) -> Option<CircuitError> {
        None
    }

    /// Whether element `i` of the result depends on elements `i` of the operands alone. A result without planes of its own is then
    /// laid in those of the first operand, so that a requantisation behind a Flatten costs no second set of cells.
    fn elementwise(&self) -> bool {
        false
    }

    /// The weights that its weights rows count.
    fn weights(&self) -> Option<WeightValues<'_>> {
        None
    }

    /// Weights rows that it lays with `lanes` lanes.
    fn weight_rows(&self, _lanes: usize) -> usize {
        0
    }

    /// Activation rows that it lays beside its result, for a first operand of this shape.
    fn ring_rows(&self, _input: &[usize]) -> usize {
        0
    }
}

/// What an op reads of the cells of its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Nothing: its result is another name for them.
    Nothing,
    /// Fingerprints of their planes.
    Fingerprints,
    /// The maxima of their 2x2 windows.
    Maxima,
}

/// What a circuit asks of an op: the one place where this crate tells ops apart.
pub(crate) fn circuit(op: &Op) -> &dyn CircuitOp {
    match op {
        Op::Conv(op) => op,
        Op::Dense(op) => op,
        Op::Add(op) => op,
        Op::MaxPool(op) => op,
        Op::Rescale(op) => op,
        Op::Reshape(op) => op,
        Op::AveragePool(_) => {
            &WithoutCircuit { name: "AveragePool", instead: "Flatten and a Gemm whose weights average in its place" }
        }
        Op::Transpose(_) => &WithoutCircuit { name: "Transpose", instead: "tensors in [1, c, h, w] order" },
        Op::ArgMax(_) => &WithoutCircuit { name: "ArgMax", instead: "the scores themselves as the graph's output" },
    }
}

/// What of a node no circuit has, whatever stands around it.
pub(crate) fn refusal(graph: &QuantizedGraph, node: &Node) -> Option<CircuitError> {
    let input = node.inputs.first().and_then(|input| graph.tensors.get(input.0));
    circuit(&node.op).refusal(node, input.and_then(|info| Planes::of_shape(&info.shape)))
}

/// Commits a node's cells, if it has a circuit.
pub(crate) fn lay_out(b: &mut Builder<'_>, index: usize, node: &Node) -> Result<(), CircuitError> {
    match refusal(b.graph, node) {
        Some(refused) => Err(refused),
        None => circuit(&node.op).lay_out(b, index, node),
    }
}

/// Weights rows of a graph with `lanes` lanes.
pub(crate) fn weight_rows(graph: &QuantizedGraph, lanes: usize) -> usize {
    graph.nodes.iter().map(|node| circuit(&node.op).weight_rows(lanes)).sum()
}

/// Activation rows that a graph takes at the least: its input, every requantised tensor and the rings of its convolutions, without the
/// second sets of cells of tensors that are read in several ways. Counted from the shapes, before anything is made.
pub(crate) fn least_activation_rows(graph: &QuantizedGraph) -> Result<usize, CircuitError> {
    let mut rows = graph.tensor(graph.input)?.len();
    for node in &graph.nodes {
        if node.op.requantise().is_some() {
            rows += graph.tensor(node.output)?.len();
        }
        if let Some(input) = node.inputs.first() {
            rows += circuit(&node.op).ring_rows(&graph.tensor(*input)?.shape);
        }
    }
    Ok(rows)
}
