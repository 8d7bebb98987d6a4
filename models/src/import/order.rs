//! Names and order: each name unique, each provided; the nodes that the output needs, in topological order.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use crate::onnx::{GraphProto, NodeProto};

use super::node::NodeView;
use crate::error::ModelError;

/// The node that writes each name; `None` for inputs and initialisers.
pub(super) type Producers<'a> = HashMap<&'a str, Option<usize>>;

/// Who provides each name; names that are given twice are refused.
pub(super) fn producers<'a>(graph: &'a GraphProto, refusals: &mut Vec<ModelError>) -> Producers<'a> {
    let mut producers = HashMap::new();
    let mut twice = |name: &str| refusals.push(ModelError::DuplicateName { name: name.to_owned() });
    let sparse = graph.sparse_initializer.iter().filter_map(|tensor| tensor.values.as_ref());
    for tensor in graph.initializer.iter().chain(sparse) {
        if producers.insert(tensor.name.as_str(), None).is_some() {
            twice(&tensor.name);
        }
    }
    // An input of the name of an initialiser is the older way to write a default.
    let mut inputs = HashSet::new();
    for input in &graph.input {
        if !inputs.insert(input.name.as_str()) {
            twice(&input.name);
        }
        producers.insert(input.name.as_str(), None);
    }
    for (at, node) in graph.node.iter().enumerate() {
        for name in node.output.iter().filter(|name| !name.is_empty()) {
            if producers.insert(name, Some(at)).is_some() {
                twice(name);
            }
        }
    }
    let mut nodes = HashSet::new();
    for node in graph.node.iter().filter(|node| !node.name.is_empty() && !nodes.insert(node.name.as_str())) {
        refusals.push(ModelError::DuplicateNode { name: node.name.clone() });
    }
    let mut outputs = HashSet::new();
    for output in graph.output.iter().filter(|output| !outputs.insert(output.name.as_str())) {
        refusals.push(ModelError::InvalidFile {
            what: "list of outputs",
            got: format!("{:?} twice", output.name),
            expected: "each output once".to_owned(),
        });
    }
    producers
}

/// What the outputs of a graph need.
pub(super) struct Needed<'a> {
    /// Names of values.
    pub(super) values: HashSet<&'a str>,
    /// Nodes, by their place in the file.
    pub(super) nodes: Vec<bool>,
}

/// Walks back from the outputs: what they do not need is no part of the model, whatever it is.
pub(super) fn needed<'a>(graph: &'a GraphProto, producers: &Producers<'a>) -> Needed<'a> {
    let mut needed = Needed { values: HashSet::new(), nodes: vec![false; graph.node.len()] };
    let mut open: Vec<&str> = graph.output.iter().map(|output| output.name.as_str()).collect();
    while let Some(name) = open.pop() {
        if name.is_empty() || !needed.values.insert(name) {
            continue;
        }
        let producer = producers.get(name).copied().flatten();
        let slot = producer.and_then(|at| Some((needed.nodes.get_mut(at)?, graph.node.get(at)?)));
        if let Some((seen, node)) = slot {
            *seen = true;
            open.extend(node.input.iter().map(String::as_str));
        }
    }
    needed
}

/// The needed nodes in topological order, file order among those that are ready. A node of a cycle is refused, and those that wait
/// for it are left out.
pub(super) fn ordered<'a>(
    graph: &'a GraphProto,
    producers: &Producers<'a>,
    needed: &Needed<'a>,
    refusals: &mut Vec<ModelError>,
) -> Vec<&'a NodeProto> {
    let mut waiting = vec![0usize; graph.node.len()];
    let mut readers: HashMap<usize, Vec<usize>> = HashMap::new();
    let nodes = || graph.node.iter().zip(&needed.nodes).enumerate().filter(|(_, (_, needed))| **needed);
    for (at, (node, _)) in nodes() {
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
                    refusals.push(ModelError::MissingInput { node, tensor: tensor.clone() });
                }
            }
        }
    }
    let ready = nodes().map(|(at, _)| at).filter(|at| waiting.get(*at) == Some(&0)).map(Reverse);
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
    if let Some(stuck) = waiting.iter().position(|count| *count > 0).and_then(|at| graph.node.get(at)) {
        refusals.push(ModelError::Cycle { node: NodeView::new(stuck).name.to_owned() });
    }
    sorted
}
