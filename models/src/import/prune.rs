//! The end of the import: only what the outputs depend on remains.

use super::builder::{Builder, Input};
use super::value::{Pending, Source, Value};
use super::{divisor, fuse};
use crate::error::ModelError;
use crate::graph::{DType, Node, Port, QuantizedGraph, TensorId, TensorInfo};
use crate::requantise::Requantise;
use crate::warning::Warning;

/// A divisor whose tables are small for any accumulators, for results whose scale is not known.
const ANY_DIVISOR: u64 = 1 << 20;

/// The graph of a builder, without the nodes, tensors and inputs that its outputs do not need. Inputs that are left out are warned of.
pub(super) fn pruned(
    name: &str,
    builder: Builder,
    mut outputs: Vec<Port>,
    warnings: &mut Vec<Warning>,
) -> Result<QuantizedGraph, ModelError> {
    let ends: Vec<TensorId> = outputs.iter().map(|output| output.tensor).collect();
    let produced = fuse::fused(builder.nodes, &builder.tensors, &ends);
    let mut needed = vec![false; builder.tensors.len()];
    for output in &outputs {
        mark(&mut needed, output.tensor);
    }
    let mut nodes: Vec<Node> = Vec::new();
    for node in produced.into_iter().rev() {
        if needed.get(node.output.0) == Some(&true) {
            node.inputs.iter().for_each(|input| mark(&mut needed, *input));
            nodes.push(node);
        }
    }
    nodes.reverse();
    let mut inputs = Vec::with_capacity(builder.inputs.len());
    for Input { name, tensor, integers } in builder.inputs {
        match tensor.filter(|tensor| needed.get(tensor.0) == Some(&true)) {
            Some(tensor) => inputs.push(Port { name, tensor, integers }),
            None => warnings.push(Warning::UnusedInput { input: name }),
        }
    }
    if inputs.is_empty() || nodes.is_empty() {
        let names: Vec<String> = outputs.into_iter().map(|output| output.name).collect();
        return Err(ModelError::NotComputed { output: names.join(", ") });
    }
    let places: Vec<usize> = needed.iter().scan(0, |next, needed| Some(place(next, *needed))).collect();
    let renumber = |tensor: &mut TensorId| tensor.0 = places.get(tensor.0).copied().unwrap_or(tensor.0);
    for node in &mut nodes {
        node.inputs.iter_mut().for_each(renumber);
        renumber(&mut node.output);
    }
    inputs.iter_mut().chain(&mut outputs).for_each(|port| renumber(&mut port.tensor));
    divisor::share(&mut nodes);
    let tensors = builder.tensors.into_iter().zip(needed).filter(|(_, needed)| *needed).map(|(info, _)| info).collect();
    Ok(QuantizedGraph { name: name.to_owned(), tensors, nodes, inputs, outputs })
}

/// What a builder has, as it is: not a graph, but enough to say more of its nodes. A result that waits for its scale for ever, because what
/// reads it was refused, is given one.
pub(super) fn nodes_alone(name: &str, mut builder: Builder) -> QuantizedGraph {
    let mut waiting: Vec<Pending> = std::mem::take(&mut builder.values)
        .into_values()
        .filter_map(|value| if let Value::Pending(pending) = value { Some(*pending) } else { None })
        .filter(|pending| builder.nodes.iter().all(|node| node.name != pending.node))
        .collect();
    waiting.sort_by(|a, b| a.node.cmp(&b.node));
    waiting.dedup_by(|a, b| a.node == b.node);
    for pending in waiting {
        let Source::Accumulators { mut op, input, .. } = pending.source else { continue };
        let Some(rule) = op.requantise_mut() else { continue };
        *rule =
            Requantise { multipliers: vec![1], divisor: ANY_DIVISOR, zero_point: 0, low: 0, high: 255, table: vec![] };
        let output = TensorId(builder.tensors.len());
        let info =
            TensorInfo { name: pending.name, shape: pending.source_shape, dtype: DType::U8, scale: 1.0, zero_point: 0 };
        builder.tensors.push(info);
        builder.nodes.push(Node { name: pending.node, op, inputs: vec![input], output });
    }
    let (tensors, nodes) = (builder.tensors, builder.nodes);
    let input = |input: Input| Some(Port { name: input.name, tensor: input.tensor?, integers: input.integers });
    let inputs = builder.inputs.into_iter().filter_map(input).collect();
    QuantizedGraph { name: name.to_owned(), tensors, nodes, inputs, outputs: Vec::new() }
}

fn mark(needed: &mut [bool], tensor: TensorId) {
    if let Some(slot) = needed.get_mut(tensor.0) {
        *slot = true;
    }
}

/// The number of a tensor among those that stay.
fn place(next: &mut usize, needed: bool) -> usize {
    let place = *next;
    *next += usize::from(needed);
    place
}
