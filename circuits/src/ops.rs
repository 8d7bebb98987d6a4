//! One file an op: its identity between fingerprints, its degree, and the cells it commits. The meaning in integers is the
//! file of the same name in `assay-models`.

pub(crate) mod add;
pub(crate) mod conv;
pub(crate) mod dense;
pub(crate) mod max_pool;
pub(crate) mod rescale;

use assay_models::{Op, QuantizedGraph};

use crate::error::CircuitError;

/// Weight rows of a graph with `lanes` lanes.
pub(crate) fn weight_rows(graph: &QuantizedGraph, lanes: usize) -> usize {
    let rows = |node: &assay_models::Node| match &node.op {
        Op::Conv(op) => conv::weight_rows(op, lanes),
        Op::Dense(op) => dense::weight_rows(op, lanes),
        Op::Add(_)
        | Op::AveragePool(_)
        | Op::MaxPool(_)
        | Op::Rescale(_)
        | Op::Reshape(_)
        | Op::Transpose(_)
        | Op::ArgMax(_) => 0,
    };
    graph.nodes.iter().map(rows).sum()
}

/// Activation rows that a graph takes at the least: its input, every requantised tensor and the rings of its convolutions, without the
/// second sets of cells of tensors that are read in several ways. Counted from the shapes, before anything is made.
pub(crate) fn least_activation_rows(graph: &QuantizedGraph) -> Result<usize, CircuitError> {
    let mut rows = graph.tensor(graph.input)?.len();
    for node in &graph.nodes {
        if node.op.requantise().is_some() {
            rows += graph.tensor(node.output)?.len();
        }
        if let (Op::Conv(op), [input]) = (&node.op, node.inputs.as_slice()) {
            rows += conv::ring_rows(op, &graph.tensor(*input)?.shape);
        }
    }
    Ok(rows)
}
