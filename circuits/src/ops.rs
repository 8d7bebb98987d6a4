//! One file an op: what it lowers to, blocks of cells and identities between fingerprints, as a [`CircuitOp`]. The meaning in
//! integers is the file of the same name in `assay-models`.

mod add;
mod conv;
mod dense;
mod gather;
mod max_pool;
mod rescale;
mod reshape;
mod without_circuit;

use assay_models::{Node, Op, QuantizedGraph, TensorInfo, WeightValues};

use crate::error::CircuitError;
use crate::plan::Planner;
use without_circuit::WithoutCircuit;

/// What a circuit asks of an op. The planner asks only this; it knows no op by name.
pub(crate) trait CircuitOp {
    /// What the op reads of the cells of its operands.
    fn reads(&self) -> Reading;

    /// Lowers the op to blocks, values and identities that tie its result to its operands. Called where [`CircuitOp::refusal`] finds
    /// nothing.
    fn lower(&self, planner: &mut Planner<'_>, index: usize, node: &Node) -> Result<(), CircuitError>;

    /// What of the op no circuit has, whatever stands around it; `input` is its first operand.
    fn refusal(&self, _node: &Node, _input: &TensorInfo) -> Option<CircuitError> {
        None
    }

    /// Whether element `i` of the result depends on elements `i` of the operands alone. A result without planes of its own is then
    /// laid in those of the first operand, so that a requantisation behind a Flatten costs no second set of cells.
    fn elementwise(&self) -> bool {
        false
    }

    /// The weights of its weighted sum.
    fn weights(&self) -> Option<WeightValues<'_>> {
        None
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
    /// Single elements, by wire.
    Elements,
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
        Op::Gather(op) => op,
        Op::ArgMax(_) => &WithoutCircuit { name: "ArgMax", instead: "the scores themselves as the graph's output" },
    }
}

/// What of a node no circuit has, whatever stands around it.
pub(crate) fn refusal(graph: &QuantizedGraph, node: &Node) -> Option<CircuitError> {
    let input = node.inputs.first().and_then(|input| graph.tensors.get(input.0))?;
    circuit(&node.op).refusal(node, input)
}

/// Lowers a node, if it has a circuit.
pub(crate) fn lower(planner: &mut Planner<'_>, index: usize, node: &Node) -> Result<(), CircuitError> {
    match refusal(planner.graph, node) {
        Some(refused) => Err(refused),
        None => circuit(&node.op).lower(planner, index, node),
    }
}

/// A refusal that names the node.
fn unsupported(node: &Node, what: impl Into<String>, expected: &str) -> CircuitError {
    CircuitError::Unsupported { node: node.name.clone(), what: what.into(), expected: expected.to_owned() }
}
