//! The order of the nodes, and the names: each unique, each provided, no cycles.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use tract_onnx::pb::{GraphProto, NodeProto};

use super::node::NodeView;
use crate::error::ModelError;

/// The nodes in topological order, file order among those that are ready.
pub(super) fn ordered(graph: &GraphProto) -> Result<Vec<&NodeProto>, ModelError> {
    let producers = producers(graph)?;
    let mut waiting = vec![0usize; graph.node.len()];
    let mut readers: HashMap<usize, Vec<usize>> = HashMap::new();
    for (at, node) in graph.node.iter().enumerate() {
        for tensor in node.input.iter().filter(|name| !name.is_empty()) {
            match producers.get(tensor.as_str()) {
                Some(Some(producer)) => {
                    readers.entry(*producer).or_default().push(at);
                    if let Some(count) = waiting.get_mut(at) {
                        *count += 1;
                    }
                }
                Some(None) => {}
                None => {
                    let node = NodeView::new(node).name.to_owned();
                    return Err(ModelError::MissingInput { node, tensor: tensor.clone() });
                }
            }
        }
    }
    sort(graph, waiting, &readers)
}

fn sort<'a>(
    graph: &'a GraphProto,
    mut waiting: Vec<usize>,
    readers: &HashMap<usize, Vec<usize>>,
) -> Result<Vec<&'a NodeProto>, ModelError> {
    let ready = waiting.iter().enumerate().filter(|(_, count)| **count == 0).map(|(at, _)| Reverse(at));
    let mut ready: BinaryHeap<Reverse<usize>> = ready.collect();
    let mut sorted = Vec::with_capacity(graph.node.len());
    while let Some(Reverse(at)) = ready.pop() {
        sorted.extend(graph.node.get(at));
        for reader in readers.get(&at).into_iter().flatten() {
            if let Some(count) = waiting.get_mut(*reader) {
                *count -= 1;
                if *count == 0 {
                    ready.push(Reverse(*reader));
                }
            }
        }
    }
    if sorted.len() == graph.node.len() {
        return Ok(sorted);
    }
    let stuck = waiting.iter().position(|count| *count > 0).and_then(|at| graph.node.get(at));
    Err(ModelError::Cycle { node: stuck.map_or_else(String::new, |node| NodeView::new(node).name.to_owned()) })
}

/// The node that writes each name; `None` for inputs and initialisers.
fn producers(graph: &GraphProto) -> Result<HashMap<&str, Option<usize>>, ModelError> {
    let mut producers = HashMap::new();
    let duplicate = |name: &str| ModelError::DuplicateName { name: name.to_owned() };
    for tensor in &graph.initializer {
        if producers.insert(tensor.name.as_str(), None).is_some() {
            return Err(duplicate(&tensor.name));
        }
    }
    // An input of the name of an initialiser is the older way to write a default.
    let mut inputs = HashSet::new();
    for input in &graph.input {
        if !inputs.insert(input.name.as_str()) {
            return Err(duplicate(&input.name));
        }
        producers.insert(input.name.as_str(), None);
    }
    for (at, node) in graph.node.iter().enumerate() {
        for name in node.output.iter().filter(|name| !name.is_empty()) {
            if producers.insert(name, Some(at)).is_some() {
                return Err(duplicate(name));
            }
        }
    }
    Ok(producers)
}
