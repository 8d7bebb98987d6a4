//! [`unsupported`]: everything in a graph that has no circuit, before one is planned.

use assay_models::{DType, MAX_PARTS, QuantizedGraph, intervals};

use crate::error::CircuitError;
use crate::ops;
use crate::tables::Tables;

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
    let ops = graph.nodes.iter().filter_map(|node| ops::refusal(graph, node));
    tensors.chain(ops).chain(tables(graph)).collect()
}

/// Requantisations that need more table rows than there may be.
fn tables(graph: &QuantizedGraph) -> Vec<CircuitError> {
    let Ok(bounds) = intervals(graph) else { return Vec::new() };
    let mut refused = Vec::new();
    for (node, accumulators) in graph.nodes.iter().zip(&bounds.accumulators) {
        let (Some(rule), Some(bounds), None) = (node.op.requantise(), *accumulators, ops::refusal(graph, node)) else {
            continue;
        };
        refused.extend(Tables::in_parts(MAX_PARTS).requantise(node, rule, bounds).err());
    }
    // Tables that fit one by one may be too much where they are shared.
    if refused.is_empty() && graph.nodes.iter().all(|node| ops::refusal(graph, node).is_none()) {
        refused.extend(Tables::planned(graph, &bounds, MAX_PARTS).err());
    }
    refused
}
