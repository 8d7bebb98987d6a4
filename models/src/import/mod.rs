//! [`import`]: from the bytes of an ONNX file to integers.
//!
//! The protobuf is read node by node. A value is an integer tensor, real numbers standing on one (after `DequantizeLinear`), a
//! constant, or *pending*: accumulators whose scale the next `QuantizeLinear` says. Then `M = unit / scale` becomes the
//! multipliers and the divisor of a [`Requantise`](crate::Requantise): exactly for power-of-two scales and pooling windows,
//! otherwise rounded to 24 bits, and that integer rule is the model.

mod builder;
mod constant;
mod node;
mod operators;
mod order;
mod prune;
mod ratio;
mod value;

use std::sync::Arc;

use prost::Message;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::dimension::Value as Size;
use tract_onnx::pb::type_proto::Value as Type;
use tract_onnx::pb::{GraphProto, ModelProto, ValueInfoProto};

use builder::{ACCUMULATORS, Builder};
use constant::Constant;
use node::NodeView;
use value::{Pending, Quantisation, Source, Value};

use crate::error::ModelError;
use crate::graph::{DType, QuantizedGraph, TensorId};

/// Reads a quantised ONNX model (QDQ or `QOperator` form, 8 bits) as integers.
///
/// `name` becomes the name of the graph, and so part of its digest.
///
/// # Errors
/// One [`ModelError`] variant for each thing that can be wrong, naming node or tensor and the next step. No bytes make it panic.
pub fn import(bytes: &[u8], name: &str) -> Result<QuantizedGraph, ModelError> {
    let graph = decode(bytes)?.graph.filter(|graph| !graph.node.is_empty() || !graph.output.is_empty());
    let mut graph = graph.ok_or_else(|| ModelError::NotOnnx { reason: "it holds no graph".to_owned() })?;
    check_operators(&graph)?;
    let mut builder = Builder::default();
    read_constants(&mut graph, &mut builder)?;
    let nodes = order::ordered(&graph)?;
    read_input(&graph, &mut builder)?;
    for proto in nodes {
        let node = NodeView::new(proto);
        let Some(rule) = operators::rule(&node.operator()) else { return Err(unsupported(&node)) };
        if let Some(extra) = proto.output.iter().skip(1).find(|name| !name.is_empty()) {
            return Err(node.unsupported("output", extra.clone(), "the first output alone"));
        }
        let value = rule(&mut builder, &node)?;
        builder.values.insert(node.output.to_owned(), value);
    }
    let output = read_output(&graph, &mut builder)?;
    let graph = prune::pruned(name, builder, output)?;
    graph.validate()?;
    Ok(graph)
}

fn decode(bytes: &[u8]) -> Result<ModelProto, ModelError> {
    if bytes.is_empty() {
        return Err(ModelError::Empty);
    }
    let bad = |reason: String| ModelError::NotOnnx { reason };
    let proto = ModelProto::decode(bytes).map_err(|error| bad(error.to_string()))?;
    if proto.opset_import.iter().any(|opset| matches!(opset.domain.as_str(), "" | "ai.onnx")) {
        Ok(proto)
    } else {
        Err(bad("it does not say which version of ONNX's operators it uses".to_owned()))
    }
}

fn unsupported(node: &NodeView<'_>) -> ModelError {
    let operator = node.operator();
    let help = operators::help(&operator);
    ModelError::UnsupportedOperator { operator, node: node.name.to_owned(), help }
}

/// The first things to say about a model: that it is not quantised, or which operator is not supported.
fn check_operators(graph: &GraphProto) -> Result<(), ModelError> {
    let integer = |operator: &str| {
        operator.contains("QuantizeLinear") || operator.contains("QLinear") || operator.ends_with("Integer")
    };
    let quantised = graph.node.iter().any(|node| integer(&node.op_type));
    let initialised = |input: &ValueInfoProto| graph.initializer.iter().any(|tensor| tensor.name == input.name);
    let float = |input: &ValueInfoProto| elem_type(input) == Some(DataType::Float) && !initialised(input);
    if !quantised && graph.input.iter().any(float) {
        return Err(ModelError::NotQuantised);
    }
    match graph.node.iter().map(NodeView::new).find(|node| operators::rule(&node.operator()).is_none()) {
        Some(node) => Err(unsupported(&node)),
        None => Ok(()),
    }
}

/// Takes the raw data of the initialisers out of the graph.
fn read_constants(graph: &mut GraphProto, builder: &mut Builder) -> Result<(), ModelError> {
    for tensor in &mut graph.initializer {
        let raw = std::mem::take(&mut tensor.raw_data);
        let constant = Constant::read(tensor, raw, &tensor.name)?;
        builder.values.insert(tensor.name.clone(), Value::Constant(Arc::new(constant)));
    }
    Ok(())
}

/// The one input that no initialiser provides.
fn read_input(graph: &GraphProto, builder: &mut Builder) -> Result<(), ModelError> {
    let inputs: Vec<&ValueInfoProto> =
        graph.input.iter().filter(|input| !builder.values.contains_key(&input.name)).collect();
    let [input] = inputs.as_slice() else { return Err(not_one("inputs", &inputs)) };
    let shape = input_shape(input)?;
    let integer = |dtype| Quantisation { scale: 1.0, zero_point: 0, dtype };
    let value = match elem_type(input) {
        Some(DataType::Float) => Value::Pending(Box::new(Pending::new(&input.name, &input.name, Source::Input, shape))),
        Some(DataType::Uint8) => Value::Integer(builder.add_tensor(&input.name, shape, integer(DType::U8), false)),
        Some(DataType::Int8) => Value::Integer(builder.add_tensor(&input.name, shape, integer(DType::I8), false)),
        other => {
            let got = other.map_or_else(|| "no known type".to_owned(), |kind| kind.as_str_name().to_owned());
            return Err(ModelError::ElementType { tensor: input.name.clone(), got, expected: "FLOAT, UINT8 or INT8" });
        }
    };
    if let Value::Integer(tensor) = value {
        builder.name_integer(tensor, &input.name);
        builder.input = Some(tensor);
    }
    builder.input_name.clone_from(&input.name);
    builder.values.insert(input.name.clone(), value);
    Ok(())
}

fn not_one(what: &'static str, infos: &[&ValueInfoProto]) -> ModelError {
    let names: Vec<&str> = infos.iter().map(|info| info.name.as_str()).collect();
    ModelError::NotOne { what, got: infos.len(), names: names.join(", ") }
}

fn tensor_type(info: &ValueInfoProto) -> Option<&tract_onnx::pb::type_proto::Tensor> {
    match info.r#type.as_ref()?.value.as_ref()? {
        Type::TensorType(tensor) => Some(tensor),
    }
}

fn elem_type(info: &ValueInfoProto) -> Option<DataType> {
    tensor_type(info).and_then(|tensor| DataType::try_from(tensor.elem_type).ok())
}

fn input_shape(info: &ValueInfoProto) -> Result<Vec<usize>, ModelError> {
    let dynamic = |axis, got: &str| ModelError::DynamicShape { tensor: info.name.clone(), axis, got: got.to_owned() };
    let shape = tensor_type(info).and_then(|tensor| tensor.shape.as_ref()).ok_or_else(|| dynamic(0, "not given"))?;
    let size = |(axis, size): (usize, &tract_onnx::pb::tensor_shape_proto::Dimension)| match &size.value {
        Some(Size::DimValue(size)) if *size > 0 => Ok(*size),
        Some(Size::DimValue(size)) => Err(dynamic(axis, &size.to_string())),
        Some(Size::DimParam(name)) => Err(dynamic(axis, &format!("{name:?}"))),
        None => Err(dynamic(axis, "unknown")),
    };
    let sizes = shape.dim.iter().enumerate().map(size).collect::<Result<Vec<i64>, _>>()?;
    constant::shape(&sizes, &info.name, 1)
}

/// The tensor that leaves the graph.
fn read_output(graph: &GraphProto, builder: &mut Builder) -> Result<TensorId, ModelError> {
    let outputs: Vec<&ValueInfoProto> = graph.output.iter().collect();
    let [output] = outputs.as_slice() else { return Err(not_one("outputs", &outputs)) };
    let missing = || ModelError::MissingInput { node: "graph output".to_owned(), tensor: output.name.clone() };
    match builder.values.get(&output.name).cloned().ok_or_else(missing)? {
        Value::Integer(tensor) | Value::Real(tensor) => Ok(tensor),
        Value::Pending(pending) if pending.integer => builder.quantise(&pending, ACCUMULATORS, &output.name),
        Value::Pending(pending) => Err(ModelError::Unquantised {
            node: pending.node,
            problem: "its result leaves the graph as floats",
            help: "quantise the output too: QuantizeLinear and DequantizeLinear at the end of the graph",
        }),
        Value::Constant(_) => {
            Err(ModelError::BadGraph { problem: "the output is a constant", got: output.name.clone() })
        }
    }
}
