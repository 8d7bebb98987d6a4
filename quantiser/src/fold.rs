//! What a float graph has that a quantised one need not: nodes that do nothing, batch normalisations, a last Softmax, old forms of operators.

use assay_models::onnx::tensor_proto::DataType;
use assay_models::onnx::{AttributeProto, NodeProto, TensorProto};

use crate::error::QuantiseError;
use crate::network::{Floats, Network};

/// First version of ONNX's operators with a scale for each channel.
const OPSET: i64 = 13;

/// Ends the graph before a `Softmax`, `LogSoftmax` or `Sigmoid` that is its last node; the operator's name.
pub(crate) fn end_before_scores(network: &mut Network) -> Option<String> {
    let mut ended = None;
    for at in 0..network.outputs.len() {
        let Some(node) =
            network.outputs.get(at).and_then(|name| network.producer(name)).and_then(|at| network.nodes.get(at))
        else {
            continue;
        };
        if !matches!(node.op_type.as_str(), "Softmax" | "LogSoftmax" | "Sigmoid") {
            continue;
        }
        let operator = node.op_type.clone();
        let Some(before) = node.input.first().cloned() else { continue };
        if let Some(output) = network.outputs.get_mut(at) {
            *output = before;
        }
        ended = Some(operator);
    }
    network.sort();
    ended
}

/// Folds what can be folded, and writes old forms of operators as version 13 has them.
pub(crate) fn fold(network: &mut Network) -> Result<(), QuantiseError> {
    modernise(network);
    drop_identities(network);
    fold_normalisations(network)?;
    divide_by_products(network);
    network.sort();
    Ok(())
}

/// Bounds of Clip and axes of Squeeze and Unsqueeze become operands, as they are from version 11 and 13 on.
fn modernise(network: &mut Network) {
    let opset = network.opset();
    network.raise_opset(OPSET);
    for at in 0..network.nodes.len() {
        let Some(node) = network.nodes.get_mut(at) else { continue };
        let take = |node: &mut NodeProto, name: &str| {
            let found = node.attribute.iter().position(|attribute| attribute.name == name);
            found.map(|found| node.attribute.remove(found))
        };
        match node.op_type.as_str() {
            "Clip" if opset < 11 => {
                for bound in ["min", "max"] {
                    let name = take(node, bound).map(|attribute| {
                        let name = format!("{}.{bound}.{at}", node.output.first().map_or("clip", String::as_str));
                        network.floats.insert(name.clone(), Floats { shape: vec![], values: vec![attribute.f] });
                        name
                    });
                    node.input.push(name.unwrap_or_default());
                }
            }
            "Squeeze" | "Unsqueeze" if opset < OPSET => {
                let Some(AttributeProto { ints, .. }) = take(node, "axes") else { continue };
                let name = format!("{}.axes.{at}", node.output.first().map_or("squeeze", String::as_str));
                let (dims, data_type) = (vec![ints.len() as i64], DataType::Int64 as i32);
                let axes = TensorProto { name: name.clone(), dims, data_type, int64_data: ints, ..Default::default() };
                network.others.insert(name.clone(), axes);
                node.input.push(name);
            }
            _ => {}
        }
    }
}

/// Takes Identity, Dropout and casts to floats out. An output keeps its name.
fn drop_identities(network: &mut Network) {
    // A Cast to floats is one of numbers that are floats already, but for those of shapes.
    let shapes: Vec<String> = crate::rounding::shape_values(network).into_iter().map(str::to_owned).collect();
    let to_floats = |node: &NodeProto| {
        let to = node.attribute.iter().find(|attribute| attribute.name == "to").map(|attribute| attribute.i);
        node.op_type == "Cast"
            && to == Some(DataType::Float as i64)
            && node.input.iter().all(|name| !shapes.contains(name))
    };
    let nothing = |node: &NodeProto| matches!(node.op_type.as_str(), "Identity" | "Dropout") || to_floats(node);
    while let Some(at) = network.nodes.iter().position(nothing) {
        let node = network.nodes.remove(at);
        let (Some(from), Some(to)) = (node.input.first(), node.output.first()) else { continue };
        if network.outputs.contains(to) && network.producer(from).is_some() && !network.outputs.contains(from) {
            rename(network, from, to);
        } else {
            rename(network, to, from);
        }
    }
}

/// Gives a value another name wherever it stands.
fn rename(network: &mut Network, old: &str, new: &str) {
    let names = network.nodes.iter_mut().flat_map(|node| node.input.iter_mut().chain(&mut node.output));
    for name in names.chain(&mut network.outputs).filter(|name| *name == old) {
        new.clone_into(name);
    }
}

/// A quotient of two computed values is a product with a reciprocal, which is a function of one value.
fn divide_by_products(network: &mut Network) {
    let shapes: Vec<String> = crate::rounding::shape_values(network).into_iter().map(str::to_owned).collect();
    let constant = |network: &Network, name: &String| network.floats.contains_key(name) || shapes.contains(name);
    let mut at = 0;
    while let Some(node) = network.nodes.get(at).cloned() {
        at += 1;
        let [_, divisor] = node.input.as_slice() else { continue };
        let Some(output) = node.output.first().filter(|output| !shapes.contains(output)) else { continue };
        if node.op_type != "Div" || constant(network, divisor) {
            continue;
        }
        let name = format!("{output}.reciprocal");
        let reciprocal = NodeProto {
            name: name.clone(),
            op_type: "Reciprocal".to_owned(),
            input: vec![divisor.clone()],
            output: vec![name.clone()],
            ..Default::default()
        };
        let mut product = NodeProto { op_type: "Mul".to_owned(), ..node.clone() };
        if let Some(slot) = product.input.get_mut(1) {
            *slot = name;
        }
        network.nodes.splice(at - 1..at, [reciprocal, product]);
        at += 1;
    }
}

/// `y = gamma (x - mean) / sqrt(var + epsilon) + beta` behind a layer becomes part of its weights and bias.
fn fold_normalisations(network: &mut Network) -> Result<(), QuantiseError> {
    while let Some(at) = network.nodes.iter().position(|node| node.op_type == "BatchNormalization") {
        let Some(node) = network.nodes.get(at).cloned() else { break };
        let refused = || QuantiseError::NotFolded { node: node.name.clone(), operator: node.op_type.clone() };
        let before = node.input.first().ok_or_else(refused)?;
        let layer = network.producer(before).filter(|_| network.readers(before) == 1);
        let parameter =
            |index: usize| node.input.get(index).and_then(|name| network.floats.get(name)).ok_or_else(refused);
        let [gamma, beta, mean, variance] = [parameter(1)?, parameter(2)?, parameter(3)?, parameter(4)?];
        let epsilon =
            node.attribute.iter().find(|attribute| attribute.name == "epsilon").map_or(1e-5, |attribute| attribute.f);
        let outputs = gamma.values.len();
        if [beta, mean, variance].iter().any(|parameter| parameter.values.len() != outputs) {
            return Err(refused());
        }
        let (mut factors, mut shifts) = (Vec::with_capacity(outputs), Vec::with_capacity(outputs));
        for channel in 0..outputs {
            let of = |parameter: &Floats| parameter.values.get(channel).copied().ok_or_else(refused);
            let factor = of(gamma)? / (of(variance)? + epsilon).sqrt();
            shifts.push(of(beta)? - of(mean)? * factor);
            factors.push(factor);
        }
        let after = node.output.first().ok_or_else(refused)?;
        if layer.and_then(|layer| scale_layer(network, layer, &factors, &shifts)).is_some() {
            network.nodes.remove(at);
            rename(network, before, after);
            continue;
        }
        // Behind no layer it is a factor and a summand for each channel.
        let names = [format!("{after}.factors"), format!("{after}.shifts"), format!("{after}.scaled")];
        let [of_factors, of_shifts, scaled] = &names;
        for (name, values) in [(of_factors, factors), (of_shifts, shifts)] {
            network.floats.insert(name.clone(), Floats { shape: vec![outputs, 1, 1], values });
        }
        let step = |operator: &str, input: [&String; 2], output: &String| NodeProto {
            name: format!("{output}/{operator}"),
            op_type: operator.to_owned(),
            input: input.map(String::clone).to_vec(),
            output: vec![output.clone()],
            ..Default::default()
        };
        let steps = [step("Mul", [before, of_factors], scaled), step("Add", [scaled, of_shifts], after)];
        network.nodes.splice(at..=at, steps);
    }
    Ok(())
}

/// Multiplies the outputs of a Conv or Gemm by factors, and adds shifts; nothing where the layer is another, or its weights are no constants.
fn scale_layer(network: &mut Network, at: usize, factors: &[f32], shifts: &[f32]) -> Option<()> {
    let node =
        network.nodes.get(at).filter(|node| scalars(node).iter().all(|scalar| scalar.to_bits() == 1f32.to_bits()))?;
    let axis = outputs_axis(node)?;
    let weights = network.floats.get(node.input.get(1)?)?;
    let bias = match node.input.get(2).filter(|name| !name.is_empty()) {
        Some(name) => network.floats.get(name)?.values.clone(),
        None => vec![0.0; factors.len()],
    };
    let outputs = *weights.shape.get(axis)?;
    if outputs != factors.len() || bias.len() != outputs || shifts.len() != outputs {
        return None;
    }
    let inner: usize = weights.shape.iter().skip(axis + 1).product();
    let scaled = weights
        .values
        .iter()
        .enumerate()
        .map(|(index, weight)| Some(weight * factors.get(index / inner.max(1) % outputs)?));
    let scaled = Floats { shape: weights.shape.clone(), values: scaled.collect::<Option<_>>()? };
    let shifted = bias.iter().zip(factors).zip(shifts).map(|((bias, factor), shift)| bias * factor + shift).collect();
    let shifted = Floats { shape: vec![outputs], values: shifted };
    let output = node.output.first()?.clone();
    let names = [format!("{output}.weights"), format!("{output}.bias")];
    let node = network.nodes.get_mut(at)?;
    node.input.resize(3, String::new());
    for (slot, name) in node.input.iter_mut().skip(1).zip(&names) {
        slot.clone_from(name);
    }
    let [weights, bias] = names;
    network.floats.insert(weights, scaled);
    network.floats.insert(bias, shifted);
    Some(())
}

/// The axis of a layer's weights that runs over its outputs.
pub(crate) fn outputs_axis(node: &NodeProto) -> Option<usize> {
    let transposed = node.attribute.iter().any(|attribute| attribute.name == "transB" && attribute.i != 0);
    match node.op_type.as_str() {
        "Conv" => Some(0),
        "Gemm" => Some(usize::from(!transposed)),
        "ConvTranspose" | "MatMul" => Some(1),
        _ => None,
    }
}

/// Alpha and beta of a Gemm.
pub(crate) fn scalars(node: &NodeProto) -> [f32; 2] {
    ["alpha", "beta"]
        .map(|name| node.attribute.iter().find(|attribute| attribute.name == name).map_or(1.0, |attribute| attribute.f))
}
