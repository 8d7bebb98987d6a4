//! [`unsupported`]: everything in a graph that has no circuit, before one is planned.

use std::collections::BTreeSet;

use assay_models::{DType, End, MAX_PARTS, QuantizedGraph, TensorId, intervals};

use crate::error::CircuitError;
use crate::ops::{self, Reading};
use crate::tables::Tables;

/// Every node and tensor that [`Layout::plan`](crate::Layout::plan) would refuse for what it is, in the order of the graph:
/// [`CircuitError::Unsupported`] and [`CircuitError::TableTooLarge`].
///
/// The graph may be the part of a model that an importer could read: nothing is asked of it but that its nodes and tensors are
/// there. What depends on the whole (rows, shapes that do not agree) is left to the planner.
pub fn unsupported(graph: &QuantizedGraph) -> Vec<CircuitError> {
    // What enters or leaves the graph is packed into words of bytes, and maxima are compared as bytes. Between nodes a tensor may be wider: the
    // table that it is looked up in bounds it.
    let pooled = graph.nodes.iter().filter(|node| ops::circuit(&node.op).reads() == Reading::Maxima);
    let bytes: BTreeSet<TensorId> = [End::Input, End::Output]
        .into_iter()
        .flat_map(|end| graph.at(end))
        .chain(pooled.flat_map(|node| node.inputs.iter().copied()))
        .collect();
    let tensors = graph.tensors.iter().enumerate().filter_map(|(at, info)| match info.dtype {
        // 64 bits has only the result of an ArgMax, which is refused itself.
        DType::I16 | DType::I32 if bytes.contains(&TensorId(at)) => Some(CircuitError::Unsupported {
            node: info.name.clone(),
            what: format!("an element type of {:?}", info.dtype),
            expected: "u8 or i8 tensors".to_owned(),
        }),
        DType::U8 | DType::I8 | DType::I16 | DType::I32 | DType::I64 => None,
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
