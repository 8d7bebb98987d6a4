//! What scikit-learn's exporters write (operators of `ai.onnx.ml`), in plain operators: a scaler is a difference and a product, a linear model a Gemm. Labels,
//! which are chosen from scores that are outputs themselves, are left out.

use assay_models::onnx::attribute_proto::AttributeType;
use assay_models::onnx::{AttributeProto, NodeProto};

use crate::error::QuantiseError;
use crate::network::{Floats, Network};

/// Operators between the scores and a label.
const LABELS: [&str; 8] =
    ["ArgMax", "ArrayFeatureExtractor", "ZipMap", "Cast", "Reshape", "Squeeze", "LabelEncoder", "LinearClassifier"];

/// Writes scikit-learn's operators in plain ones; the names of the outputs that are left out.
pub(crate) fn plain(network: &mut Network) -> Result<Vec<String>, QuantiseError> {
    let left_out = without_labels(network);
    for at in (0..network.nodes.len()).rev() {
        let Some(node) = network.nodes.get(at).cloned() else { continue };
        let steps = match node.op_type.as_str() {
            "Scaler" => scaler(network, &node)?,
            "LinearClassifier" => linear(network, &node, "intercepts", 1)?,
            "LinearRegressor" => linear(network, &node, "intercepts", 0)?,
            // Of probabilities, which add up to 1 already.
            "Normalizer" if follows_probabilities(network, &node) => {
                vec![step("Identity", &[&input(&node)], &output(&node, 0), &[])]
            }
            _ => continue,
        };
        network.nodes.splice(at..=at, steps);
    }
    network.sort();
    Ok(left_out)
}

fn input(node: &NodeProto) -> String {
    node.input.first().cloned().unwrap_or_default()
}

fn output(node: &NodeProto, at: usize) -> String {
    node.output.get(at).cloned().unwrap_or_default()
}

fn step(operator: &str, input: &[&str], output: &str, attribute: &[AttributeProto]) -> NodeProto {
    NodeProto {
        name: format!("{output}/{operator}"),
        op_type: operator.to_owned(),
        input: input.iter().map(|name| (*name).to_owned()).collect(),
        output: vec![output.to_owned()],
        attribute: attribute.to_vec(),
        ..Default::default()
    }
}

fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.to_owned(), i, r#type: AttributeType::Int as i32, ..Default::default() }
}

fn numbers(node: &NodeProto, name: &str) -> Vec<f32> {
    let found = node.attribute.iter().find(|attribute| attribute.name == name);
    found.map(|attribute| attribute.floats.clone()).unwrap_or_default()
}

/// Leaves out outputs that are labels, where others stay; a `ZipMap` gives names to scores, which stay as they are.
fn without_labels(network: &mut Network) -> Vec<String> {
    for at in 0..network.outputs.len() {
        let named =
            network.outputs.get(at).and_then(|name| network.producer(name)).and_then(|at| network.nodes.get(at));
        if let Some(scores) = named.filter(|node| node.op_type == "ZipMap").map(input)
            && let Some(output) = network.outputs.get_mut(at)
        {
            *output = scores;
        }
    }
    let (labels, scores): (Vec<String>, Vec<String>) =
        network.outputs.clone().into_iter().partition(|name| is_label(network, name));
    if scores.is_empty() {
        return Vec::new();
    }
    network.outputs = scores;
    network.sort();
    labels
}

/// Whether a value is the index or the name of a class.
fn is_label(network: &Network, name: &str) -> bool {
    let (mut name, mut chosen) = (name.to_owned(), false);
    while let Some(node) = network.producer(&name).and_then(|at| network.nodes.get(at)) {
        if !LABELS.contains(&node.op_type.as_str()) {
            break;
        }
        if node.op_type == "LinearClassifier" {
            return output(node, 0) == name;
        }
        chosen |= matches!(node.op_type.as_str(), "ArgMax" | "ArrayFeatureExtractor" | "LabelEncoder");
        let computed = node.input.iter().rev().find(|input| network.producer(input).is_some());
        match computed {
            Some(input) if node.op_type != "ArgMax" => name.clone_from(input),
            _ => break,
        }
    }
    chosen
}

/// `(x - offset) * scale`.
fn scaler(network: &mut Network, node: &NodeProto) -> Result<Vec<NodeProto>, QuantiseError> {
    let (offset, scale) = (numbers(node, "offset"), numbers(node, "scale"));
    if offset.is_empty() || scale.is_empty() {
        return Err(odd(node, "has no offset or no scale"));
    }
    let result = output(node, 0);
    let names = [format!("{result}.offset"), format!("{result}.scale"), format!("{result}.centred")];
    let [of_offset, of_scale, centred] = &names;
    for (name, values) in [(of_offset, offset), (of_scale, scale)] {
        network.floats.insert(name.clone(), Floats { shape: vec![values.len()], values });
    }
    Ok(vec![step("Sub", &[&input(node), of_offset], centred, &[]), step("Mul", &[centred, of_scale], &result, &[])])
}

/// A linear model: its scores are output `at`.
fn linear(network: &mut Network, node: &NodeProto, bias: &str, at: usize) -> Result<Vec<NodeProto>, QuantiseError> {
    let (weights, bias) = (numbers(node, "coefficients"), numbers(node, bias));
    let targets =
        node.attribute.iter().find(|attribute| attribute.name == "targets").map_or(1, |of| of.i.max(1) as usize);
    let outputs = if bias.is_empty() { targets } else { bias.len() };
    if weights.is_empty() || !weights.len().is_multiple_of(outputs) {
        return Err(odd(node, "has coefficients for another number of outputs"));
    }
    let result = output(node, at);
    let after = node.attribute.iter().find(|attribute| attribute.name == "post_transform");
    let after = after.map_or_else(|| "NONE".to_owned(), |attribute| String::from_utf8_lossy(&attribute.s).into_owned());
    let transform = match after.as_str() {
        "NONE" => None,
        "SOFTMAX" => Some(step("Softmax", &[&format!("{result}.scores")], &result, &[int("axis", 1)])),
        "LOGISTIC" => Some(step("Sigmoid", &[&format!("{result}.scores")], &result, &[])),
        other => return Err(odd(node, &format!("ends in {other}, which is not understood"))),
    };
    let scores = if transform.is_some() { format!("{result}.scores") } else { result.clone() };
    let [of_weights, of_bias] = [format!("{result}.coefficients"), format!("{result}.intercepts")];
    let shape = vec![outputs, weights.len() / outputs];
    network.floats.insert(of_weights.clone(), Floats { shape, values: weights });
    let mut operands = vec![input(node), of_weights];
    if !bias.is_empty() {
        network.floats.insert(of_bias.clone(), Floats { shape: vec![outputs], values: bias });
        operands.push(of_bias);
    }
    let operands: Vec<&str> = operands.iter().map(String::as_str).collect();
    let gemm = step("Gemm", &operands, &scores, &[int("transB", 1)]);
    Ok([gemm].into_iter().chain(transform).collect())
}

fn follows_probabilities(network: &Network, node: &NodeProto) -> bool {
    let norm = node.attribute.iter().find(|attribute| attribute.name == "norm");
    let sums = norm.is_some_and(|norm| norm.s == b"L1");
    let before = network.producer(&input(node)).and_then(|at| network.nodes.get(at));
    let classifier = |node: &NodeProto| {
        let two = numbers(node, "intercepts").len() == 2;
        let after = node.attribute.iter().find(|attribute| attribute.name == "post_transform");
        node.op_type == "LinearClassifier"
            && after.is_some_and(|after| after.s == b"SOFTMAX" || (after.s == b"LOGISTIC" && two))
    };
    sums && before.is_some_and(|node| node.op_type == "Softmax" || classifier(node))
}

fn odd(node: &NodeProto, problem: &str) -> QuantiseError {
    QuantiseError::Constant { tensor: node.name.clone(), problem: format!("{problem}: export the model again") }
}
