//! Where the elements of a tensor are, through reshapes and gathers, from the graph alone.

use assay_models::ops::{Gather, Run};
use assay_models::{Node, Op, QuantizedGraph, TensorId};

/// What an element of a tensor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// An element of a tensor that has cells of its own.
    Element(TensorId, usize),
    /// A constant.
    Constant(i64),
}

/// The tensor whose elements a tensor's are, through Reshape.
pub(crate) fn root(graph: &QuantizedGraph, tensor: TensorId) -> TensorId {
    match producer(graph, tensor) {
        Some(Node { op: Op::Reshape(_), inputs, .. }) => root(graph, inputs[0]),
        _ => tensor,
    }
}

fn producer(graph: &QuantizedGraph, tensor: TensorId) -> Option<&Node> {
    graph.nodes.iter().find(|node| node.output == tensor)
}

/// Whether a Gather makes a tensor, perhaps under another shape.
pub(crate) fn is_gathered(graph: &QuantizedGraph, tensor: TensorId) -> bool {
    matches!(producer(graph, root(graph, tensor)), Some(Node { op: Op::Gather(_), .. }))
}

/// The element or the constant that an element of a tensor is.
pub(crate) fn origin(graph: &QuantizedGraph, tensor: TensorId, index: usize) -> Origin {
    let tensor = root(graph, tensor);
    let Some(Node { op: Op::Gather(op), inputs, .. }) = producer(graph, tensor) else {
        return Origin::Element(tensor, index);
    };
    match at(op, index) {
        Ok((operand, index)) => origin(graph, inputs[operand], index),
        Err(constant) => Origin::Constant(i64::from(graph.tensors[tensor.0].zero_point) + i64::from(constant)),
    }
}

/// Operand and index of an element of a Gather's result, or its constant.
fn at(op: &Gather, index: usize) -> Result<(usize, usize), i32> {
    let mut left = index;
    for run in &op.runs {
        let (len, found) = match *run {
            Run::Elements { operand, first, step, len } => {
                (len, Ok((operand, (first as i64 + step as i64 * left as i64) as usize)))
            }
            Run::Constant { value, len } => (len, Err(value)),
        };
        if left < len {
            return found;
        }
        left -= len;
    }
    panic!("a Gather has no element {index}")
}

/// The constants of all gathers of a graph, each once.
pub(crate) fn constants(graph: &QuantizedGraph) -> std::collections::BTreeSet<i64> {
    let gathers = graph.nodes.iter().filter_map(|node| match &node.op {
        Op::Gather(op) => Some((op, i64::from(graph.tensors[node.output.0].zero_point))),
        _ => None,
    });
    let values = gathers.flat_map(|(op, zero_point)| {
        op.runs.iter().filter_map(move |run| match run {
            Run::Constant { value, .. } => Some(zero_point + i64::from(*value)),
            Run::Elements { .. } => None,
        })
    });
    values.collect()
}
