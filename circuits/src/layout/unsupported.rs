//! [`unsupported`]: everything in a graph that has no circuit, before one is planned.

use assay_models::{DType, Node, Op, QuantizedGraph, intervals};

use super::planes::Planes;
use super::tables::Tables;
use super::unsupported as refused;
use crate::error::CircuitError;

/// Every node and tensor that [`Layout::plan`](crate::Layout::plan) would refuse for what it is, in the order of the graph:
/// [`CircuitError::Unsupported`] and [`CircuitError::TableTooLarge`].
///
/// The graph may be the part of a model that an importer could read: nothing is asked of it but that its nodes and tensors are
/// there. What depends on the whole (rows, shapes that do not agree) is left to the planner.
pub fn unsupported(graph: &QuantizedGraph) -> Vec<CircuitError> {
    let tensors = graph.tensors.iter().filter_map(|info| match (info.shape.as_slice(), info.dtype) {
        // 64 bits has only the result of an ArgMax, which is refused itself.
        ([1, ..] | [_], DType::U8 | DType::I8 | DType::I64) => None,
        ([1, ..] | [_], DType::I16 | DType::I32) => Some(CircuitError::Unsupported {
            node: info.name.clone(),
            what: format!("an element type of {:?}", info.dtype),
            expected: "u8 or i8 tensors".to_owned(),
        }),
        (shape, _) => Some(CircuitError::Unsupported {
            node: info.name.clone(),
            what: format!("a batch: shape {shape:?}"),
            expected: "batch size 1".to_owned(),
        }),
    });
    let ops = graph.nodes.iter().filter_map(|node| of_node(graph, node));
    tensors.chain(ops).chain(tables(graph)).collect()
}

/// What is refused of an op whatever stands around it.
pub(super) fn of_node(graph: &QuantizedGraph, node: &Node) -> Option<CircuitError> {
    let shape = node.inputs.first().and_then(|input| graph.tensors.get(input.0)).map(|info| info.shape.as_slice());
    let input = shape.and_then(Planes::of_shape);
    match &node.op {
        Op::Conv(op) if op.strides != [1, 1] => {
            Some(refused(node, format!("Conv with strides {:?}", op.strides), "strides [1, 1] (then MaxPool)"))
        }
        Op::Conv(op) if op.group != 1 => {
            let expected = "group 1: one Conv whose weights between groups are 0 computes the same";
            Some(refused(node, format!("Conv with group {}", op.group), expected))
        }
        Op::MaxPool(op) => {
            let planes = input?;
            let even = planes.height.is_multiple_of(2) && planes.width.is_multiple_of(2);
            let fits = op.kernel == [2, 2] && op.strides == [2, 2] && op.pads == [0; 4] && even;
            let what = format!(
                "MaxPool with kernel {:?}, strides {:?}, pads {:?} over planes {planes}",
                op.kernel, op.strides, op.pads
            );
            let expected = "kernel [2, 2], strides [2, 2], no padding, even height and width";
            (!fits).then(|| refused(node, what, expected))
        }
        Op::AveragePool(_) => {
            Some(refused(node, "AveragePool", "Flatten and a Gemm whose weights average in its place"))
        }
        Op::Transpose(_) => Some(refused(node, "Transpose", "tensors in [1, c, h, w] order")),
        Op::ArgMax(_) => Some(refused(node, "ArgMax", "the scores themselves as the graph's output")),
        Op::Conv(_) | Op::Dense(_) | Op::Add(_) | Op::Rescale(_) | Op::Reshape(_) => None,
    }
}

/// Requantisations that need more table rows than there may be.
fn tables(graph: &QuantizedGraph) -> Vec<CircuitError> {
    let Ok(intervals) = intervals(graph) else { return Vec::new() };
    let mut refused = Vec::new();
    for (node, accumulators) in graph.nodes.iter().zip(intervals.accumulators) {
        let (Some(rule), Some(bounds), None) = (node.op.requantise(), accumulators, of_node(graph, node)) else {
            continue;
        };
        refused.extend(Tables::default().requantise(node, rule, bounds).err());
    }
    refused
}
