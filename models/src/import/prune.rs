//! The end of the import: only what the output depends on remains.

use super::builder::Builder;
use crate::error::ModelError;
use crate::graph::{Node, QuantizedGraph, TensorId, TensorInfo};

/// The graph of a builder, without the nodes and tensors that its output does not need.
pub(super) fn pruned(name: &str, builder: Builder, output: TensorId) -> Result<QuantizedGraph, ModelError> {
    let mut needed = vec![false; builder.tensors.len()];
    mark(&mut needed, output);
    let mut nodes: Vec<Node> = Vec::new();
    for node in builder.nodes.into_iter().rev() {
        if needed.get(node.output.0) == Some(&true) {
            node.inputs.iter().for_each(|input| mark(&mut needed, *input));
            nodes.push(node);
        }
    }
    nodes.reverse();
    let input = builder.input.filter(|input| needed.get(input.0) == Some(&true) && !nodes.is_empty());
    let input = input.ok_or_else(|| ModelError::NotComputed { output: name_of(&builder.tensors, output) })?;
    let places: Vec<usize> = needed.iter().scan(0, |next, needed| Some(place(next, *needed))).collect();
    let renumber = |tensor: &mut TensorId| tensor.0 = places.get(tensor.0).copied().unwrap_or(tensor.0);
    for node in &mut nodes {
        node.inputs.iter_mut().for_each(renumber);
        renumber(&mut node.output);
    }
    let (mut input, mut output) = (input, output);
    renumber(&mut input);
    renumber(&mut output);
    let tensors = builder.tensors.into_iter().zip(needed).filter(|(_, needed)| *needed).map(|(info, _)| info).collect();
    Ok(QuantizedGraph { name: name.to_owned(), tensors, nodes, input, output, integer_input: builder.integer_input })
}

/// What a builder has, as it is: not a graph, but enough to say more of its nodes.
pub(super) fn nodes_alone(name: &str, builder: Builder) -> QuantizedGraph {
    let (input, output) = (builder.input.unwrap_or(TensorId(0)), TensorId(0));
    let (tensors, nodes, integer_input) = (builder.tensors, builder.nodes, builder.integer_input);
    QuantizedGraph { name: name.to_owned(), tensors, nodes, input, output, integer_input }
}

fn name_of(tensors: &[TensorInfo], tensor: TensorId) -> String {
    tensors.get(tensor.0).map_or_else(String::new, |info| info.name.clone())
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
