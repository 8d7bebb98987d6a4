//! Which values of a float graph are rounded to 8 bits: the input, and the result of every layer and of every function of one value, where its bias,
//! its bounds and the steps of the function end.

use std::collections::{HashMap, HashSet};

use assay_models::onnx::NodeProto;

use crate::network::{Kind, Network, kind};

/// The values that are rounded, in the order in which they are made. The input is the first.
pub(crate) fn rounded(network: &Network) -> Vec<String> {
    let shapes = shape_values(network);
    let mut fused = vec![false; network.nodes.len()];
    // For a value that is a function of one rounded value: which.
    let mut roots: HashMap<&str, &str> = HashMap::from([(network.input.as_str(), network.input.as_str())]);
    let mut steps: Vec<(usize, &str)> = Vec::new();
    let mut values = vec![network.input.clone()];
    let mut found: Vec<(usize, String)> = Vec::new();
    for (at, node) in network.nodes.iter().enumerate() {
        let Some(output) = node.output.first() else { continue };
        if shapes.contains(output.as_str()) || fused.get(at) == Some(&true) {
            continue;
        }
        let Some(of) = kind(&node.op_type) else { continue };
        match (of, root(network, node, &roots)) {
            (Kind::Moves, _) => {
                for output in node.output.iter().filter(|output| !output.is_empty()) {
                    roots.insert(output, output);
                }
            }
            (Kind::Pointwise | Kind::Bound, Some(root)) => {
                roots.insert(output, root);
                steps.push((at, root));
            }
            _ => {
                let mut value = output;
                while let Some((next, reader)) = only_reader(network, value) {
                    let bound = kind(&reader.op_type) == Some(Kind::Bound) && of_constants(network, reader, value);
                    let by_channel =
                        node.op_type == "Mul" && node.input.iter().any(|name| network.floats.contains_key(name));
                    let bias = (of == Kind::Layer || by_channel) && network.is_bias(reader);
                    if !(bound || bias) {
                        break;
                    }
                    let (Some(output), Some(slot)) = (reader.output.first(), fused.get_mut(next)) else { break };
                    (value, *slot) = (output, true);
                }
                roots.insert(value, value);
                found.push((at, value.clone()));
            }
        }
    }
    // A step of a function is rounded where somebody reads it who is no further step of it.
    for (at, root) in &steps {
        let Some(output) = network.nodes.get(*at).and_then(|node| node.output.first()) else { continue };
        let goes_on = |node: &NodeProto| {
            node.output.first().is_some_and(|next| {
                steps.iter().any(|(at, of)| {
                    of == root && network.nodes.get(*at).and_then(|node| node.output.first()) == Some(next)
                })
            })
        };
        let mut readers = network.nodes.iter().filter(|node| node.input.contains(output));
        if network.outputs.contains(output) || !readers.all(goes_on) {
            found.push((*at, output.clone()));
        }
    }
    found.sort_by_key(|(at, _)| *at);
    values.extend(found.into_iter().map(|(_, value)| value));
    values
}

/// The values that are shapes and sizes, computed of nothing else: they stay as they are.
pub(crate) fn shape_values(network: &Network) -> HashSet<&str> {
    let mut values: HashSet<&str> = HashSet::new();
    for node in &network.nodes {
        let sizes = node.op_type == "Shape" || node.op_type == "Size";
        let constant = |name: &String| {
            name.is_empty()
                || values.contains(name.as_str())
                || network.others.contains_key(name)
                || network.floats.contains_key(name)
        };
        if sizes || (!node.input.is_empty() && node.input.iter().all(constant)) {
            values.extend(node.output.iter().map(String::as_str));
        }
    }
    values
}

/// The one rounded value that a node is a function of, element by element, if it is one: its other operands are single numbers.
fn root<'a>(network: &Network, node: &NodeProto, roots: &HashMap<&str, &'a str>) -> Option<&'a str> {
    let mut found = None;
    for name in node.input.iter().filter(|name| !name.is_empty()) {
        if let Some(floats) = network.floats.get(name) {
            if floats.values.len() != 1 {
                return None;
            }
            continue;
        }
        let root = *roots.get(name.as_str())?;
        if *found.get_or_insert(root) != root {
            return None;
        }
    }
    found
}

/// Whether all operands of a node but a value are constants of one number.
fn of_constants(network: &Network, node: &NodeProto, value: &str) -> bool {
    let single = |name: &String| network.floats.get(name).is_some_and(|floats| floats.values.len() == 1);
    node.input.iter().all(|name| name == value || name.is_empty() || single(name))
}

/// The node that reads a value, if it is the only one and the value is no output.
fn only_reader<'a>(network: &'a Network, value: &str) -> Option<(usize, &'a NodeProto)> {
    let reader = network.nodes.iter().enumerate().find(|(_, node)| node.input.iter().any(|input| input == value));
    reader.filter(|_| network.readers(value) == 1)
}
